import { createHash } from 'node:crypto';

/**
 * Kinds of powers: what a job can do beyond reading its home and source and writing its output directory, in the words
 * a person reads before approving. Derived from what a configuration enables, never from the name of one field.
 */
export const POWERS = {
  full: 'uses its tools without asking, anywhere on this machine',
  programs: 'runs programs as you',
  network: 'reaches the network',
  credentials: "reads credentials or ABP's own files",
  writes: 'writes outside its output directory',
  reads: 'reads outside its home and its source',
  environment: 'changes what runs, or where credentials go',
} as const satisfies Record<string, string>;

export type PowerKind = keyof typeof POWERS;

/** One power of a job. `what` names it precisely: a command, a path, a host, names of variables. Untrusted text. */
export interface Power {
  readonly kind: PowerKind;
  readonly what: string;
}

/** Bounds of a job: what it may touch without a power. Paths are absolute and judged by where their links lead. */
export interface Bounds {
  /** Absolute; base of the configuration's relative paths. */
  readonly base: string;
  /** Directories of its source, which every agent may read. */
  readonly roots: readonly string[];
  /** Tells whether a path is in the job's home, source or output directory. */
  mayRead(path: string): boolean;
  /** Tells whether an agent that may edit its home may write below a path: in the home, or in the output directory. */
  mayEdit(path: string): boolean;
  /** Tells whether a path is, holds or is inside a place of credentials or ABP's store. */
  isSensitive(path: string): boolean;
  /** Formats a path for a person, with the target of its links: `/a/link → /b`. */
  nameOf(path: string): string;
  /** Tells whether a directory holds all of this user's files: `/`, the home directory, or one above it. */
  isTooWide(path: string): boolean;
}

/** Variables that change neither what runs nor where data goes; a trailing `_` matches a prefix. */
const HARMLESS = [
  'LANG',
  'LANGUAGE',
  'LC_',
  'TZ',
  'NO_COLOR',
  'FORCE_COLOR',
  'COLUMNS',
  'LINES',
  'MAX_THINKING_TOKENS',
  'CLAUDE_CODE_MAX_OUTPUT_TOKENS',
  'API_TIMEOUT_MS',
] as const;

/** Matches a value that is neither a path nor an address. */
const PLAIN_VALUE = /^[\w.,:@+ -]{0,100}$/;

/** Returns the powers that come from setting or passing on variables; empty when all are harmless. */
export function environmentPowers(
  env: Readonly<Record<string, string>> = {},
  passed: readonly string[] = [],
): readonly Power[] {
  const set = Object.entries(env)
    .filter(([name, value]) => !isHarmless(name) || !PLAIN_VALUE.test(value))
    .map(([name]) => name);
  const names = passed.filter((name) => !isHarmless(name));
  return [
    ...(set.length > 0 ? [{ kind: 'environment', what: `sets ${set.join(', ')}` } as const] : []),
    ...(names.length > 0 ? [{ kind: 'environment', what: `passes on ${names.join(', ')}` } as const] : []),
  ];
}

function isHarmless(name: string): boolean {
  return HARMLESS.some((known) => (known.endsWith('_') ? name.startsWith(known) : name === known));
}

/** Returns the SHA-256 (hex) of a value as JSON with sorted fields: the identity of a definition. */
export function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value, sorted)).digest('hex');
}

function sorted(_name: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries);
}

/** Sentences for the approval text: what a person should know before approving code. */
export const DYNAMIC_CODE_NOTICE =
  'It runs as you, in a process of its own with limits on time, memory and output and without your environment; it may read only the paths it names (and where symbolic links in them lead), and can start no other process. What Node cannot limit: its network access (servers of this machine and its sockets in the file system included), and signals to your other processes.';
