import { existsSync, mkdirSync, readdirSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { realPlace } from '../approval/real-place.ts';
import { OWN_FOLDERS } from '../config.ts';
import { AbpError } from '../domain/error.ts';
import type { StorePaths } from '../supervision/store-paths.ts';
import { makeDirectory } from './atomic-file.ts';

/**
 * The one place that decides where ABP may write for somebody: nowhere in its store but in its outputs, however the path
 * is written, and nowhere that a link leads to out of the folder that the path names.
 */

/**
 * Where a file that somebody wants to have written really lies: absolute, without links on the way; its last name is as
 * given. `within` are folders that a path below them must not leave by a link. Throws AbpError `invalid_input`.
 */
export function fileTarget(places: StorePaths, path: string, within: readonly string[]): string {
  const real = join(realPlace(dirname(path)), basename(path));
  refuseWayOut(path, real, within);
  refuseStore(places, path, real);
  return real;
}

/** The same for a directory in which agents may write: neither may the store lie in it. */
export function directoryTarget(places: StorePaths, path: string, within: readonly string[]): string {
  const real = realPlace(path);
  refuseWayOut(path, real, within);
  refuseStore(places, path, real);
  for (const database of databasesOf(places)) {
    if (namesBelow(real, dirname(database)) === null) continue;
    throw new AbpError('invalid_input', `Agents may not write in ${path}: ABP's store lies in it (${database}).`, {
      hint: 'Give a folder of its own for what they write.',
    });
  }
  return real;
}

/**
 * Makes the directory that a job's agents write in, as it was found when the job was made: one that has become a link
 * since leads somewhere that nobody agreed to. Throws AbpError `invalid_input`, and what the system says.
 */
export function makeOutputDirectory(places: StorePaths, directory: string): void {
  const real = directoryTarget(places, directory, []);
  if (real !== directory) {
    throw new AbpError('invalid_input', `${directory} is, or lies behind, a link that leads to ${real}.`, {
      hint: 'Put a folder in the place of the link, or make another job with the path that it leads to.',
    });
  }
  keepOutputsPrivate(places, real);
  makeDirectory(directory);
}

/** Outputs are for nobody but this user, also where the folder of the database is for others too. Before one is written. */
export function keepOutputsPrivate({ allOutputs }: StorePaths, real: string): void {
  if (isBelow(real, realPlace(allOutputs))) mkdirSync(allOutputs, { recursive: true, mode: 0o700 });
}

function refuseWayOut(path: string, real: string, within: readonly string[]): void {
  const left = within.find((folder) => isBelow(path, folder) && !isBelow(real, realPlace(folder)));
  if (left === undefined) return;
  throw new AbpError('invalid_input', `${path} leads out of ${left} by a link, and links are not followed.`, {
    hint: `If it is meant, give the path that it leads to: ${real}`,
  });
}

function refuseStore(places: StorePaths, path: string, real: string): void {
  if (!databasesOf(places).some((database) => isStores(database, real))) return;
  throw new AbpError('invalid_input', `Nothing may be written to ${path}: it belongs to ABP's store.`, {
    hint: `Give a path elsewhere, or one below ${places.allOutputs}.`,
  });
}

/** The database by its path and, where that is a link, by where it lies: the files of SQLite are there. */
function databasesOf({ database }: StorePaths): readonly string[] {
  return [...new Set([database, realPlace(database)])];
}

/**
 * Whether a place is the store's: its files, by their names and by what they are, everything in its folders, and the whole
 * of a folder in which nothing but the store lies. Outputs are not.
 */
function isStores(database: string, real: string): boolean {
  const folder = dirname(database);
  const isOwn = (name: string) => isOwnName(name, basename(database));
  if (OWN_NAMES.some((name) => namesBelow(join(folder, name), real) !== null)) return true;
  const own = entriesOf(folder).filter(isOwn);
  const stats = statsOf(real);
  if (stats && stats.nlink > 1 && own.some((name) => isSame(stats, join(folder, name)))) return true;
  const [name] = namesBelow(folder, real) ?? [];
  if (name === undefined || name === OUTPUTS) return false;
  return isOwn(name) || (own.length > 0 && entriesOf(folder).every((entry) => isOwn(entry) || entry === OUTPUTS));
}

const OUTPUTS = 'outputs';

/** The database, what SQLite and servers put beside it under its name (also where letters are not told apart), and the folders. */
function isOwnName(name: string, database: string): boolean {
  const [found, own] = [name.toLowerCase(), database.toLowerCase()];
  return found === own || found.startsWith(`${own}-`) || found.startsWith(`${own}.`) || OWN_NAMES.includes(name);
}

const OWN_NAMES: readonly string[] = Object.values(OWN_FOLDERS);

/** Names that lead from a folder to a place, however either is reached; null = it does not lie below. */
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

/** What is there, links followed; null = nothing that could be looked at. */
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

/** By its path alone. */
function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`);
}
