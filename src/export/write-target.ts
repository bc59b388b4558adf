import { existsSync, mkdirSync, readdirSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { realPath } from '../approval/real-path.ts';
import { OUTPUTS_FOLDER, OWN_FOLDERS } from '../config.ts';
import { AbpError } from '../domain/error.ts';
import { isWithin } from '../domain/paths.ts';
import type { StorePaths } from '../supervision/store-paths.ts';
import { makeDirectory } from './atomic-file.ts';

/**
 * The only place that decides where ABP may write on request: not into its store, except its outputs, and not where a
 * link leads out of the folder that the path names.
 */

/**
 * Resolves the path of a file to write: absolute, without links on the way; the last name as given. A path below one of
 * the `within` folders must not leave it by a link. Throws AbpError `invalid_input`.
 */
export function fileTarget(places: StorePaths, path: string, within: readonly string[]): string {
  const real = join(realPath(dirname(path)), basename(path));
  refuseEscape(path, real, within);
  refuseStore(places, path, real);
  return real;
}

/** Does the same for a directory in which agents may write: it must not contain the store either. */
export function directoryTarget(places: StorePaths, path: string, within: readonly string[]): string {
  const real = realPath(path);
  refuseEscape(path, real, within);
  refuseStore(places, path, real);
  for (const database of databasesOf(places)) {
    if (namesBelow(real, dirname(database)) === null) continue;
    throw new AbpError('invalid_input', `Agents may not write in ${path}: it contains ABP's store (${database}).`, {
      hint: 'Give a folder of its own for what they write.',
    });
  }
  return real;
}

/**
 * Creates the output directory of a job, which must be where it was when the job was created: one replaced by a link
 * leads to a place that was not agreed to. Throws AbpError `invalid_input`, and system errors.
 */
export function makeOutputDirectory(places: StorePaths, directory: string): void {
  const real = directoryTarget(places, directory, []);
  if (real !== directory) {
    throw new AbpError('invalid_input', `${directory} is, or is behind, a link that leads to ${real}.`, {
      hint: 'Put a folder in the place of the link, or make another job with the path that it leads to.',
    });
  }
  keepOutputsPrivate(places, real);
  makeDirectory(directory);
}

/**
 * Creates the folder of all outputs with mode 0700, also beside a database that others may read. Call it before an
 * output is written.
 */
export function keepOutputsPrivate({ allOutputs }: StorePaths, real: string): void {
  if (isWithin(real, realPath(allOutputs))) mkdirSync(allOutputs, { recursive: true, mode: 0o700 });
}

function refuseEscape(path: string, real: string, within: readonly string[]): void {
  const left = within.find((folder) => isWithin(path, folder) && !isWithin(real, realPath(folder)));
  if (left === undefined) return;
  throw new AbpError('invalid_input', `${path} leads out of ${left} by a link, and links are not followed.`, {
    hint: `If it is meant, give the path that it leads to: ${real}`,
  });
}

function refuseStore(places: StorePaths, path: string, real: string): void {
  if (!databasesOf(places).some((database) => belongsToStore(database, real))) return;
  throw new AbpError('invalid_input', `Nothing may be written to ${path}: it belongs to ABP's store.`, {
    hint: `Give a path elsewhere, or one below ${places.allOutputs}.`,
  });
}

/** Returns the database's path and, if that is a link, its target: SQLite's other files are there. */
function databasesOf({ database }: StorePaths): readonly string[] {
  return [...new Set([database, realPath(database)])];
}

/**
 * Tells whether a path belongs to the store: its files, by name and by inode, its folders, and the whole folder when it
 * holds only the store. Outputs do not.
 */
function belongsToStore(database: string, real: string): boolean {
  const folder = dirname(database);
  const isOwn = (name: string) => isOwnName(name, basename(database));
  if (OWN_NAMES.some((name) => namesBelow(join(folder, name), real) !== null)) return true;
  const own = entriesOf(folder).filter(isOwn);
  const stats = statsOf(real);
  if (stats && stats.nlink > 1 && own.some((name) => isSame(stats, join(folder, name)))) return true;
  const [name] = namesBelow(folder, real) ?? [];
  if (name === undefined || name === OUTPUTS_FOLDER) return false;
  return (
    isOwn(name) || (own.length > 0 && entriesOf(folder).every((entry) => isOwn(entry) || entry === OUTPUTS_FOLDER))
  );
}

/**
 * Tells whether a name is the database, a file that SQLite or a server puts beside it (case-insensitive), or one of the
 * store's folders.
 */
function isOwnName(name: string, database: string): boolean {
  const [found, own] = [name.toLowerCase(), database.toLowerCase()];
  return found === own || found.startsWith(`${own}-`) || found.startsWith(`${own}.`) || OWN_NAMES.includes(name);
}

const OWN_NAMES: readonly string[] = Object.values(OWN_FOLDERS);

/** Returns the names that lead from a folder to a path, however both are spelled; null = not below. */
function namesBelow(folder: string, place: string, names: readonly string[] = []): readonly string[] | null {
  if (place === folder) return names;
  const stats = statsOf(place);
  if (stats?.isDirectory() && isSame(stats, folder)) return names;
  const above = dirname(place);
  return above === place ? null : namesBelow(folder, above, [basename(place), ...names]);
}

function isSame({ dev, ino }: Stats, path: string): boolean {
  const other = statsOf(path);
  return other !== null && other.dev === dev && other.ino === ino;
}

/** Returns the stats of a path, links followed; null = missing or not accessible. */
function statsOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

function entriesOf(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
