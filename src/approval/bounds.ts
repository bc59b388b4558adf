import { homedir } from 'node:os';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { OWN_FOLDERS } from '../config.ts';
import { AbpError } from '../domain/error.ts';
import { isWithin } from '../domain/paths.ts';
import type { Bounds } from '../domain/power.ts';
import { realPath } from './real-path.ts';

/**
 * Folders of credentials, at any place. Directly below a home directory every hidden folder counts as one: keys,
 * tokens, cookies and histories have hundreds of places there, and no list is complete.
 */
const CREDENTIAL_FOLDERS = [
  '.ssh',
  '.aws',
  '.azure',
  '.gnupg',
  '.kube',
  '.docker',
  '.claude',
  '.codex',
  '.gemini',
  '.password-store',
  '.secrets',
  '.config',
  '.subversion',
  'Library/Keychains',
  'Library/Application Support',
  'Library/Cookies',
] as const;

/** Matches a hidden file or folder directly below a home directory. */
const HIDDEN_OF_A_USER = /^\/(?:(?:home|Users)\/[^/]+|root)\/\.[^/]/;

/** File names of credentials, at any place. */
const CREDENTIAL_FILE =
  /^(\.netrc|_netrc|\.pgpass|\.my\.cnf|\.mylogin\.cnf|\.git-credentials|\.npmrc|\.yarnrc\.yml|\.pypirc|\.vault-token|\.htpasswd|\.s3cfg|\.boto|\.databrickscfg|credentials(\.(json|toml|tfrc\.json))?|\.dockercfg|\.claude\.json|\.env(\..*)?|\.envrc|\.?(bash|zsh|python|psql|mysql|node_repl)_history|id_(rsa|dsa|ecdsa|ed25519)(_sk)?|kubeconfig|krb5cc_.*|.*\.(pem|key|keytab|p12|pfx|jks|keystore|kdbx|ppk))$/i;

/** System directories that hold secrets. */
const SYSTEM_SECRETS = [
  '/etc',
  '/run',
  '/var/run',
  '/var/lib',
  '/private/etc',
  '/private/var/run',
  '/private/var/db',
] as const;

/** Matches the home directory of any user, and the directory of all of them: keys are directly below. */
const USERS = /^\/(?:(?:home|Users)(?:\/[^/]+)?|root)$/;

/** Directories in which no project starts: of the system, or with the directories of all users. */
const NO_HOMES =
  'bin boot home lib lib64 media mnt opt run sbin srv tmp usr var Applications Library System Users Volumes'
    .split(' ')
    .map((name) => `/${name}`);

/** File systems that hold the state of the machine and its processes instead of files. */
const SPECIAL = ['/proc', '/sys', '/dev'] as const;

/** Directories of a job. All absolute. */
export interface JobPaths {
  /** Null = none: the job came over HTTP, or started in `/`, in the home directory or above it. */
  readonly home: string | null;
  /** Directories and files of its source. */
  readonly roots: readonly string[];
  readonly outputDirectory: string | null;
  /** Base of relative paths. */
  readonly base: string;
  /** Path of ABP's database. */
  readonly storePath: string;
}

/** Returns the bounds of a job with these directories. */
export function boundsOf({ home, roots, outputDirectory, base, storePath }: JobPaths): Bounds {
  const own = (paths: readonly (string | null)[]) => paths.flatMap((path) => (path === null ? [] : [realPath(path)]));
  const readable = own([home, ...roots, outputDirectory]);
  const editable = own([home, outputDirectory]);
  return {
    base,
    roots,
    mayRead: (path) => readable.some((root) => isWithin(realPath(path), root)),
    mayEdit: (path) => editable.some((root) => isWithin(realPath(path), root)),
    isSensitive: (path) => isSensitive(realPath(path), storePath),
    nameOf: (path) => (realPath(path) === resolve(path) ? path : `${path} → ${realPath(path)}`),
    isTooWide,
  };
}

/**
 * Returns the directory as the home of a job; null when it is `/`, this user's home directory or above it, a directory
 * of the system, or one with credentials in it.
 */
export function homeOf(directory: string | null): string | null {
  if (directory === null) return null;
  const real = realPath(directory);
  return isTooWide(directory) || NO_HOMES.includes(real) || holdsSecrets(real) ? null : directory;
}

/** Tells whether a directory holds all files of this user: `/`, the home directory, or one above it. */
export function isTooWide(path: string): boolean {
  return isWithin(realPath(homedir()), realPath(path));
}

/**
 * Throws AbpError `invalid_input` for a path in `/proc`, `/sys` or `/dev`: they expose the state of the machine,
 * secrets of processes included.
 */
export function refuseSpecial(path: string): void {
  // Links there lead to open files of a process or to another root: the apparent target is not what would be read.
  const ways = [resolve(path), realPath(dirname(resolve(path))), realPath(path)];
  const found = SPECIAL.find((special) => ways.some((way) => isWithin(way, special)));
  if (found === undefined) return;
  throw new AbpError('invalid_input', `${path}: expected a file or directory of data, found one of ${found}.`, {
    hint: 'Copy what you need from there into a file, and use that.',
  });
}

/**
 * Tells whether a job may have its output directory, or an argument its export, there without a person: strictly below
 * the home, in no hidden folder.
 */
export function isPlainOutput(directory: string, home: string | null): boolean {
  if (home === null) return false;
  const real = realPath(directory);
  const root = realPath(home);
  if (real === root || !isWithin(real, root)) return false;
  // Files in `.git/hooks`, `.claude` or `.github/workflows` are executed later.
  return !real
    .slice(root.length)
    .split(sep)
    .some((step) => step.startsWith('.'));
}

function isSensitive(path: string, storePath: string): boolean {
  const store = realPath(storePath);
  // Outputs of agents may be read, wherever the store is.
  if (isWithin(path, join(dirname(store), 'outputs'))) return false;
  if (holdsSecrets(path) || path === dirname(store)) return true;
  const beside = Object.values(OWN_FOLDERS).map((name) => join(dirname(store), name));
  return path.startsWith(store) || beside.some((directory) => isWithin(path, directory));
}

/** Tells whether a path is, holds or is inside a place of credentials. */
function holdsSecrets(path: string): boolean {
  const home = realPath(homedir());
  if (isTooWide(path) || USERS.test(path) || isWithin(path, join(home, 'Library'))) return true;
  if (isWithin(path, home) && path.slice(home.length).startsWith(`${sep}.`)) return true;
  if (HIDDEN_OF_A_USER.test(path) || CREDENTIAL_FILE.test(basename(path))) return true;
  if (SYSTEM_SECRETS.some((secret) => isWithin(path, secret) || isWithin(secret, path))) return true;
  return CREDENTIAL_FOLDERS.some((folder) => `${path}${sep}`.includes(`${sep}${folder}${sep}`));
}
