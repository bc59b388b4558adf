import { isUtf8 } from 'node:buffer';
import { type Dirent, lstatSync, opendirSync, type Stats, statSync } from 'node:fs';
import type { Scope } from './glob/scope.ts';
import type { WarningCounter } from './warnings.ts';

/** Options of a walk. */
export interface WalkOptions {
  /** Absolute directory; relative paths start here. */
  readonly base: string;
  /** Directory to start in, relative to the base; empty = the base itself. */
  readonly start: string;
  readonly followSymlinks: boolean;
  /** By path (memory: the names of one directory and its ancestors), or in file system order. */
  readonly sorted: boolean;
  /** Scope of the start directory. */
  readonly scope: Scope;
  readonly warnings: WarningCounter;
  /** Receives wanted entries whose names are not UTF-8: the path with escaped bytes. A directory stands for its whole contents. */
  readonly unnamed: (path: string) => void;
}

/** A regular file found by a walk. */
export interface FoundFile {
  readonly relative: string;
  readonly absolute: string;
  readonly stats: Stats;
}

/** Reasons for which a walk leaves entries out. */
export const WALK_WARNINGS = {
  unreadable: 'These could not be read and were skipped, with all their contents.',
  symlink_loop: 'Symbolic links that lead back to a directory above them were not followed.',
} as const;

interface Place {
  readonly relative: string;
  /** Set for directories: their scope, and the chain of ancestors for detecting loops. */
  readonly directory: Directory | null;
}

interface Directory {
  readonly scope: Scope;
  readonly parent: Place | null;
  readonly identity: string | null;
}

/** A walk under way: its options, and the base with a slash at its end. */
interface Walk extends WalkOptions {
  readonly prefix: string;
}

/** Names read between two chances to yield. */
const NAMES_A_TURN = 16;

/**
 * Walks a directory depth first and yields its files one at a time, with back pressure. Names are read as bytes, one
 * per character (latin1: half the time of buffers), because a name that is not UTF-8 cannot be recognised after
 * decoding. (fast-glob walks breadth first, buffers without back pressure and loses such bytes.) An unreadable
 * directory is a warning; an unreadable base throws the error of the file system. Yields null from time to time during
 * long searches.
 */
export function* walk(options: WalkOptions): Generator<FoundFile | null> {
  const walking: Walk = { ...options, prefix: options.base.endsWith('/') ? options.base : `${options.base}/` };
  const start: Place = { relative: options.start, directory: { scope: options.scope, parent: null, identity: null } };
  const pending: Place[] = [start];
  let looked = 0;
  for (let place = pending.pop(); place; place = pending.pop()) {
    if (place.directory === null) {
      const found = stat(walking, place.relative);
      if (found) yield found;
      continue;
    }
    const inside: Place[] = [];
    for (const entry of entries(walking, place)) {
      if (++looked % NAMES_A_TURN === 0) yield null;
      const next = look(walking, entry, place, place.directory.scope);
      if (next === null) continue;
      if (next.directory !== null || options.sorted) inside.push(next);
      else {
        const found = stat(walking, next.relative);
        if (found) yield found;
      }
    }
    if (options.sorted) inside.sort(lastFirst);
    for (const next of inside) pending.push(next);
  }
}

function* entries(walking: Walk, place: Place): Generator<Dirent> {
  try {
    const directory = opendirSync(walking.prefix + place.relative, { encoding: 'latin1', bufferSize: 512 });
    try {
      for (let entry = directory.readSync(); entry; entry = directory.readSync()) yield entry;
    } finally {
      directory.closeSync();
    }
  } catch (error) {
    if (place.relative === '') throw error;
    warnUnreadable(walking.warnings, place.relative, error);
  }
}

/** Judges an entry of a directory: the place where the walk goes on; null = it is left out. */
function look(walking: Walk, entry: Dirent, parent: Place, scope: Scope): Place | null {
  const inParent = parent.relative === '' ? '' : `${parent.relative}/`;
  const name = utf8(entry.name);
  if (name === null) {
    if (isWanted(walking, entry, scope)) walking.unnamed(inParent + escapeBytes(entry.name));
    return null;
  }
  const relative = inParent + name;
  const link = entry.isSymbolicLink();
  if (link && !walking.followSymlinks) return null;
  if (entry.isFile()) return scope.takes(name) ? { relative, directory: null } : null;
  if (entry.isDirectory() && !walking.followSymlinks) {
    const inside = scope.enter(name);
    return inside ? { relative, directory: { scope: inside, parent, identity: null } } : null;
  }
  return entry.isDirectory() || link ? lookThrough(walking, name, relative, parent, scope) : null;
}

/** Checks whether an entry with a name that is not UTF-8 would be wanted, judged with replacement characters. */
function isWanted(walking: Walk, entry: Dirent, scope: Scope): boolean {
  const name = Buffer.from(entry.name, 'latin1').toString();
  if (entry.isFile()) return scope.takes(name);
  if (entry.isDirectory()) return scope.enter(name) !== null;
  return entry.isSymbolicLink() && walking.followSymlinks && (scope.takes(name) || scope.enter(name) !== null);
}

/**
 * Resolves an entry when links are followed: a directory whose device and inode equal those of an ancestor is a loop.
 */
function lookThrough(walking: Walk, name: string, relative: string, parent: Place, scope: Scope): Place | null {
  const stats = attempt(walking, relative, () => statSync(walking.prefix + relative));
  if (stats?.isFile()) return scope.takes(name) ? { relative, directory: null } : null;
  const inside = stats?.isDirectory() ? scope.enter(name) : null;
  if (!stats || !inside) return null;
  const identity = identify(stats);
  for (let above: Place | null = parent; above; above = above.directory?.parent ?? null) {
    const known = above.directory?.identity ?? identify(statSync(walking.prefix + above.relative));
    if (known !== identity) continue;
    walking.warnings.add('symlink_loop', relative);
    return null;
  }
  return { relative, directory: { scope: inside, parent, identity } };
}

function stat(walking: Walk, relative: string): FoundFile | null {
  const absolute = walking.prefix + relative;
  const stats = attempt(walking, relative, () => (walking.followSymlinks ? statSync(absolute) : lstatSync(absolute)));
  return stats ? { relative, absolute, stats } : null;
}

function attempt(walking: Walk, relative: string, look: () => Stats): Stats | null {
  try {
    return look();
  } catch (error) {
    warnUnreadable(walking.warnings, relative, error);
    return null;
  }
}

/** Counts an unreadable path with the reason of the system. */
export function warnUnreadable(warnings: WarningCounter, relative: string, error: unknown): void {
  warnings.add('unreadable', `${relative} (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
}

function identify(stats: Stats): string {
  return `${stats.dev}:${stats.ino}`;
}

/** Descending by path (a directory's with a trailing `/`), since a stack is taken from its end. */
function lastFirst(a: Place, b: Place): number {
  const one = a.directory ? `${a.relative}/` : a.relative;
  const other = b.directory ? `${b.relative}/` : b.relative;
  return one < other ? 1 : -1;
}

/** Decodes the bytes of a name as UTF-8; null if they are not. */
function utf8(bytes: string): string | null {
  if (!/[\x80-\xff]/.test(bytes)) return bytes;
  const buffer = Buffer.from(bytes, 'latin1');
  return isUtf8(buffer) ? buffer.toString() : null;
}

/** Escapes every byte that is not printable ASCII as `\xNN`. */
function escapeBytes(bytes: string): string {
  return bytes.replace(/[^ -[\]-~]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
