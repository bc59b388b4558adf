import { homedir } from 'node:os';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { AbpError } from '../domain/error.ts';
import type { Bounds } from '../domain/power.ts';
import { realPlace } from './real-place.ts';

/** Folders of credentials, below the home directory of any user. */
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
  '.terraform.d',
  '.mozilla',
  '.config/gcloud',
  '.config/gh',
  '.config/git',
  '.config/op',
  '.config/rclone',
  '.config/google-chrome',
  '.config/chromium',
  '.local/share/keyrings',
  '.oci',
  '.fly',
  '.config/doctl',
  '.config/heroku',
  '.config/hub',
  '.config/github-copilot',
  '.config/BraveSoftware',
  '.config/microsoft-edge',
  '.thunderbird',
  '.subversion/auth',
  '.bitcoin',
  '.electrum',
  'Library/Keychains',
  'Library/Application Support/Google/Chrome',
] as const;

/** Files of credentials, wherever they lie. */
const CREDENTIAL_FILE =
  /^(\.netrc|_netrc|\.pgpass|\.my\.cnf|\.mylogin\.cnf|\.git-credentials|\.npmrc|\.yarnrc\.yml|\.pypirc|\.vault-token|\.htpasswd|\.s3cfg|\.boto|\.databrickscfg|credentials(\.(json|toml|tfrc\.json))?|\.dockercfg|\.claude\.json|\.env(\..*)?|\.envrc|\.?(bash|zsh|python|psql|mysql|node_repl)_history|id_(rsa|dsa|ecdsa|ed25519)(_sk)?|kubeconfig|.*\.(pem|key|p12|pfx|jks|keystore|kdbx|ppk))$/i;

/** Places of the system whose content is secret. */
const SYSTEM_SECRETS = [
  '/etc/shadow',
  '/etc/shadow-',
  '/etc/gshadow',
  '/etc/gshadow-',
  '/etc/sudoers',
  '/etc/sudoers.d',
  '/etc/ssh',
  '/etc/ssl/private',
  '/etc/krb5.keytab',
  '/run/secrets',
  '/var/run/secrets',
  '/var/lib/docker',
] as const;

/** File systems that hold no files but the state of the machine and of its processes. */
const SPECIAL = ['/proc', '/sys', '/dev'] as const;

/** Where a job lives. All absolute. */
export interface JobPlaces {
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
export function boundsOf({ home, roots, outputDirectory, base, storePath }: JobPlaces): Bounds {
  const own = (paths: readonly (string | null)[]) => paths.flatMap((path) => (path === null ? [] : [realPath(path)]));
  const readable = own([home, ...roots, outputDirectory]);
  const editable = own([home, outputDirectory]);
  return {
    base,
    roots,
    mayRead: (path) => readable.some((root) => isWithin(realPath(path), root)),
    mayEdit: (path) => editable.some((root) => isWithin(realPath(path), root)),
    isSensitive: (path) => isSensitive(realPath(path), storePath),
    isTooWide,
  };
}

/**
 * The home that a directory gives to a job: itself, unless it is `/`, the home directory of this user or above it, or a
 * place of credentials. Null = none.
 */
export function homeOf(directory: string | null): string | null {
  if (directory === null) return null;
  return isTooWide(directory) || isCredential(realPath(directory)) ? null : directory;
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
  if (isCredential(path)) return true;
  // A directory with a folder of credentials in it, which a walk would enter.
  if (CREDENTIAL_FOLDERS.some((folder) => isWithin(realPath(join(homedir(), folder)), path))) return true;
  if ([...SYSTEM_SECRETS].some((secret) => isWithin(secret, path))) return true;
  const store = realPath(storePath);
  if (path === dirname(store)) return true;
  const beside = ['runs', 'logs'].map((name) => join(dirname(store), name));
  return path.startsWith(store) || beside.some((directory) => isWithin(path, directory));
}

function isCredential(path: string): boolean {
  if (CREDENTIAL_FILE.test(basename(path)) || SYSTEM_SECRETS.some((secret) => isWithin(path, secret))) return true;
  return CREDENTIAL_FOLDERS.some((folder) => `${path}${sep}`.includes(`${sep}${folder}${sep}`));
}
