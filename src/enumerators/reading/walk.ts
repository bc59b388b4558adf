import { isUtf8 } from 'node:buffer';
import { type Dirent, lstatSync, opendirSync, type Stats, statSync } from 'node:fs';
import type { Scope } from './glob/scope.ts';
import type { WarningCounter } from './warnings.ts';

/** What a walk looks at. */
export interface WalkOptions {
  /** Absolute directory; relative paths are relative to it. */
  readonly base: string;
  /** Directory below the base to start in, relative; empty = the base itself. */
  readonly start: string;
  readonly followSymlinks: boolean;
  /** By path (memory: the names of one directory and its ancestors), or as the file system gives them. */
  readonly sorted: boolean;
  /** What is wanted of the start. */
  readonly scope: Scope;
  readonly warnings: WarningCounter;
  /** Told of what is wanted, but has a name that is not UTF-8: its path with escaped bytes. A directory stands for all below it. */
  readonly unnamed: (path: string) => void;
}

/** A regular file that was found. */
export interface FoundFile {
  readonly relative: string;
  readonly absolute: string;
  readonly stats: Stats;
}

/** Why a walk left something out. */
export const WALK_WARNINGS = {
  unreadable: 'These could not be read and were left out, with all below them.',
  symlink_loop: 'Symbolic links that lead back to a directory above them were not followed.',
} as const;

interface Place {
  readonly relative: string;
  /** Set for directories: what is wanted of it, and the chain up to the start, for finding loops. */
  readonly directory: Directory | null;
}

interface Directory {
  readonly scope: Scope;
  readonly parent: Place | null;
  readonly identity: string | null;
}

/** After so many names others have their turn, whether one was wanted or not. */
const NAMES_A_TURN = 16;

/**
 * All files below a directory, depth first, one at a time: nothing is kept of what was given out. Names are read as
 * bytes, one a character (latin1: half the time of buffers), because one that is not UTF-8 cannot be told from its
 * replacement characters afterwards. (fast-glob walks breadth
 * first, buffers without back pressure and loses such bytes.) A directory that cannot be read is a warning, unless it is
 * the base: then the error of the file system is thrown. Gives null now and then where it looks long without finding.
 */
export function* walk(options: WalkOptions): Generator<FoundFile | null> {
  const prefix = options.base.endsWith('/') ? options.base : `${options.base}/`;
  const start: Place = { relative: options.start, directory: { scope: options.scope, parent: null, identity: null } };
  const pending: Place[] = [start];
  let looked = 0;
  for (let place = pending.pop(); place; place = pending.pop()) {
    if (place.directory === null) {
      const found = stat(place.relative);
      if (found) yield found;
      continue;
    }
    const inside: Place[] = [];
    for (const entry of entries(place)) {
      if (++looked % NAMES_A_TURN === 0) yield null;
      const next = look(entry, place, place.directory.scope);
      if (next === null) continue;
      if (next.directory !== null || options.sorted) inside.push(next);
      else {
        const found = stat(next.relative);
        if (found) yield found;
      }
    }
    if (options.sorted) inside.sort(lastFirst);
    for (const next of inside) pending.push(next);
  }

  function* entries(place: Place): Generator<Dirent> {
    try {
      const directory = opendirSync(prefix + place.relative, { encoding: 'latin1', bufferSize: 512 });
      try {
        for (let entry = directory.readSync(); entry; entry = directory.readSync()) yield entry;
      } finally {
        directory.closeSync();
      }
    } catch (error) {
      if (place.relative === '') throw error;
      warnUnreadable(options.warnings, place.relative, error);
    }
  }

  function look(entry: Dirent, parent: Place, scope: Scope): Place | null {
    const inParent = parent.relative === '' ? '' : `${parent.relative}/`;
    const name = utf8(entry.name);
    if (name === null) {
      if (isWanted(entry, scope)) options.unnamed(inParent + escapeBytes(entry.name));
      return null;
    }
    const relative = inParent + name;
    const link = entry.isSymbolicLink();
    if (link && !options.followSymlinks) return null;
    if (entry.isFile()) return scope.takes(name) ? { relative, directory: null } : null;
    if (entry.isDirectory() && !options.followSymlinks) {
      const inside = scope.enter(name);
      return inside ? { relative, directory: { scope: inside, parent, identity: null } } : null;
    }
    return entry.isDirectory() || link ? lookThrough(name, relative, parent, scope) : null;
  }

  /** Whether an entry whose name is not UTF-8 would be wanted, its characters replaced where they are none. */
  function isWanted(entry: Dirent, scope: Scope): boolean {
    const name = Buffer.from(entry.name, 'latin1').toString();
    if (entry.isFile()) return scope.takes(name);
    if (entry.isDirectory()) return scope.enter(name) !== null;
    return entry.isSymbolicLink() && options.followSymlinks && (scope.takes(name) || scope.enter(name) !== null);
  }

  /** Where links are followed, a directory is known by device and inode: seen above itself it is a loop. */
  function lookThrough(name: string, relative: string, parent: Place, scope: Scope): Place | null {
    const stats = attempt(relative, () => statSync(prefix + relative));
    if (stats?.isFile()) return scope.takes(name) ? { relative, directory: null } : null;
    const inside = stats?.isDirectory() ? scope.enter(name) : null;
    if (!stats || !inside) return null;
    const identity = identify(stats);
    for (let above: Place | null = parent; above; above = above.directory?.parent ?? null) {
      const known = above.directory?.identity ?? identify(statSync(prefix + above.relative));
      if (known !== identity) continue;
      options.warnings.add('symlink_loop', relative);
      return null;
    }
    return { relative, directory: { scope: inside, parent, identity } };
  }

  function stat(relative: string): FoundFile | null {
    const absolute = prefix + relative;
    const stats = attempt(relative, () => (options.followSymlinks ? statSync(absolute) : lstatSync(absolute)));
    return stats ? { relative, absolute, stats } : null;
  }

  function attempt(relative: string, look: () => Stats): Stats | null {
    try {
      return look();
    } catch (error) {
      warnUnreadable(options.warnings, relative, error);
      return null;
    }
  }
}

/** Counts a place that could not be read, with the system's reason. */
export function warnUnreadable(warnings: WarningCounter, relative: string, error: unknown): void {
  warnings.add('unreadable', `${relative} (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
}

function identify(stats: Stats): string {
  return `${stats.dev}:${stats.ino}`;
}

/** Descending by whole path (a directory's goes on with `/`), since the last of a stack is taken first. */
function lastFirst(a: Place, b: Place): number {
  const one = a.directory ? `${a.relative}/` : a.relative;
  const other = b.directory ? `${b.relative}/` : b.relative;
  return one < other ? 1 : -1;
}

/** The text that the bytes of a name are in UTF-8; null = in none. */
function utf8(bytes: string): string | null {
  if (!/[\x80-\xff]/.test(bytes)) return bytes;
  const buffer = Buffer.from(bytes, 'latin1');
  return isUtf8(buffer) ? buffer.toString() : null;
}

/** A name for display, with `\xNN` for every byte that is not printable ASCII. */
function escapeBytes(bytes: string): string {
  return bytes.replace(/[^ -[\]-~]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
