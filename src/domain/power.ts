import { createHash } from 'node:crypto';

/**
 * What a job can do beyond reading its home and its source and writing its output directory: each kind in the words that a
 * person reads before they approve it. Derived from what a configuration enables, never from the name of one field.
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

/** One thing that a job can do. `what` says precisely which: a command, a path, a host, names of variables; untrusted text. */
export interface Power {
  readonly kind: PowerKind;
  readonly what: string;
}

/** What a job may touch without a power. Paths are absolute; what their links lead to is what counts. */
export interface Bounds {
  /** Absolute: relative paths of a configuration start here. */
  readonly base: string;
  /** Directories of its source, which every agent is given. */
  readonly roots: readonly string[];
  /** Whether a path lies in the job's home, its source or its output directory. */
  mayRead(path: string): boolean;
  /** Whether agents may write below a path when they may write in the job's home: the home itself, or its output directory. */
  mayEdit(path: string): boolean;
  /** Whether a path is, holds or lies in a place of credentials or the store of ABP. */
  isSensitive(path: string): boolean;
  /** A path as a person reads it, and where its links lead: `/a/link → /b`. */
  nameOf(path: string): string;
  /** Whether a directory holds everything that this user has: `/`, the home directory, or one above it. */
  isTooWide(path: string): boolean;
}

/** Names of variables that change neither what runs nor where anything goes; `_` at the end stands for all that begin so. */
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

/** A value that is no path and no address. */
const PLAIN_VALUE = /^[\w.,:@+ -]{0,100}$/;

/** The power that variables give to whoever sets them or passes them on; none where all of them are harmless. */
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

/** The SHA-256 of a value as JSON, in hex: the identity of a definition. Fields count by name, not by their order. */
export function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value, sorted)).digest('hex');
}

function sorted(_name: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries);
}
