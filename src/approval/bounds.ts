import { homedir } from 'node:os';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { OWN_FOLDERS } from '../config.ts';
import { AbpError } from '../domain/error.ts';
import type { Bounds } from '../domain/power.ts';
import { realPlace } from './real-place.ts';

/**
 * Folders of credentials, wherever they lie. Below a home directory itself every hidden folder counts as one: keys, tokens,
 * cookies and histories have hundreds of places there, and no list is complete.
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

/** A hidden file or folder right below somebody's home directory. */
const HIDDEN_OF_A_USER = /^\/(?:(?:home|Users)\/[^/]+|root)\/\.[^/]/;

/** Files of credentials, wherever they lie. */
const CREDENTIAL_FILE =
  /^(\.netrc|_netrc|\.pgpass|\.my\.cnf|\.mylogin\.cnf|\.git-credentials|\.npmrc|\.yarnrc\.yml|\.pypirc|\.vault-token|\.htpasswd|\.s3cfg|\.boto|\.databrickscfg|credentials(\.(json|toml|tfrc\.json))?|\.dockercfg|\.claude\.json|\.env(\..*)?|\.envrc|\.?(bash|zsh|python|psql|mysql|node_repl)_history|id_(rsa|dsa|ecdsa|ed25519)(_sk)?|kubeconfig|krb5cc_.*|.*\.(pem|key|keytab|p12|pfx|jks|keystore|kdbx|ppk))$/i;

/** Places of the system that hold secrets. */
const SYSTEM_SECRETS = [
  '/etc',
  '/run',
  '/var/run',
  '/var/lib',
  '/private/etc',
  '/private/var/run',
  '/private/var/db',
] as const;

/** The home directory of any user, and the directory of all of them: keys lie right below. */
const USERS = /^\/(?:(?:home|Users)(?:\/[^/]+)?|root)$/;

/** Directories in which nobody's project begins: of the system, or with the directories of all users. */
const NO_HOMES =
  'bin boot home lib lib64 media mnt opt run sbin srv tmp usr var Applications Library System Users Volumes'
    .split(' ')
    .map((name) => `/${name}`);

/** File systems that hold no files but the state of the machine and of its processes. */
const SPECIAL = ['/proc', '/sys', '/dev'] as const;

/** Where a job lives. All absolute. */
export interface JobPaths {
  /** Null = it has none: it came over HTTP, or began in `/`, in the home directory or above it. */
  readonly home: string | null;
  /** What its source gives it to read: a directory, a file. */
  readonly roots: readonly string[];
  readonly outputDirectory: string | null;
  /** Relative paths start here. */
  readonly base: string;
  /** The database of ABP. */
  readonly storePath: string;
}

/** What a job at these places may touch without a power. */
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
 * The home that a directory gives to a job: itself, unless it is `/`, the home directory of this user or above it, a
 * directory of the system, or one with credentials in it. Null = none.
 */
export function homeOf(directory: string | null): string | null {
  if (directory === null) return null;
  const real = realPath(directory);
  return isTooWide(directory) || NO_HOMES.includes(real) || holdsSecrets(real) ? null : directory;
}

/** Whether a root holds everything that a user has: `/`, the home directory, or a folder above it. */
export function isTooWide(path: string): boolean {
  return isWithin(realPath(homedir()), realPath(path));
}

/** Refuses what is no file of anybody: `/proc`, `/sys`, `/dev` say what a machine is at, secrets of processes included. */
export function refuseSpecial(path: string): void {
  // Links there lead to what a process has open, or to another root: where they seem to lead is not what would be read.
  const ways = [resolve(path), realPath(dirname(resolve(path))), realPath(path)];
  const found = SPECIAL.find((special) => ways.some((way) => isWithin(way, special)));
  if (found === undefined) return;
  throw new AbpError('invalid_input', `${path}: expected a file or directory of data, found one of ${found}.`, {
    hint: 'Copy what you need from there into a file, and use that.',
  });
}

/**
 * Whether a place is one where a job may have its output directory, or somebody's argument its export, without a person:
 * strictly below the home, nowhere hidden.
 */
export function isPlainOutput(directory: string, home: string | null): boolean {
  if (home === null) return false;
  const real = realPath(directory);
  const root = realPath(home);
  if (real === root || !isWithin(real, root)) return false;
  // `.git/hooks`, `.claude`, `.github/workflows`: what is written there runs later.
  return !real
    .slice(root.length)
    .split(sep)
    .some((step) => step.startsWith('.'));
}

/** Whether an absolute path is a directory or lies below it; `/` holds all. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}

/** Where a path leads: links resolved, the rest as written. Every judgement about a path is about that. */
export function realPath(path: string): string {
  return realPlace(resolve(path));
}

function isSensitive(path: string, storePath: string): boolean {
  const store = realPath(storePath);
  // What agents made for somebody is there to be read, wherever the store lies.
  if (isWithin(path, join(dirname(store), 'outputs'))) return false;
  if (holdsSecrets(path) || path === dirname(store)) return true;
  const beside = Object.values(OWN_FOLDERS).map((name) => join(dirname(store), name));
  return path.startsWith(store) || beside.some((directory) => isWithin(path, directory));
}

/** Whether a path is, holds or lies in a place of credentials. */
function holdsSecrets(path: string): boolean {
  const home = realPath(homedir());
  if (isTooWide(path) || USERS.test(path) || isWithin(path, join(home, 'Library'))) return true;
  if (isWithin(path, home) && path.slice(home.length).startsWith(`${sep}.`)) return true;
  if (HIDDEN_OF_A_USER.test(path) || CREDENTIAL_FILE.test(basename(path))) return true;
  if (SYSTEM_SECRETS.some((secret) => isWithin(path, secret) || isWithin(secret, path))) return true;
  return CREDENTIAL_FOLDERS.some((folder) => `${path}${sep}`.includes(`${sep}${folder}${sep}`));
}
