import { existsSync, mkdirSync, readdirSync, readlinkSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { AbpError } from '../domain/error.ts';
import { makeDirectory } from '../export/atomic-file.ts';
import { OWN_FOLDERS, type Places } from './places.ts';

/**
 * The one place that decides where ABP may write for somebody: nowhere in its store but in its outputs, however the path
 * is written, and nowhere that a link leads to out of the folder that the path names.
 */

/** Links that are followed one after another before a path counts as endless; Linux has the same bound. */
const MOST_LINKS = 40;

/**
 * Where a file that somebody wants to have written really lies: absolute, without links on the way; its last name is as
 * given. `within` are folders that a path below them must not leave by a link. Throws AbpError `invalid_input`.
 */
export function fileTarget(places: Places, path: string, within: readonly string[]): string {
  const real = join(realPlace(dirname(path)), basename(path));
  refuseWayOut(path, real, within);
  refuseStore(places, path, real);
  return real;
}

/** The same for a directory in which agents may write: neither may the store lie in it. */
export function directoryTarget(places: Places, path: string, within: readonly string[]): string {
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
export function makeOutputDirectory(places: Places, directory: string): void {
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
export function keepOutputsPrivate({ allOutputs }: Places, real: string): void {
  if (isBelow(real, realPlace(allOutputs))) mkdirSync(allOutputs, { recursive: true, mode: 0o700 });
}

/** An absolute path with all links resolved, also those that lead to nothing yet; what is not there keeps its name. */
export function realPlace(path: string, links = MOST_LINKS): string {
  try {
    return realpathSync(path);
  } catch {
    const folder = dirname(path);
    if (folder === path) return path;
    const target = linkOf(path);
    if (target === null) return join(realPlace(folder, links), basename(path));
    if (links === 0) throw new AbpError('invalid_input', `${path} is a link that leads to itself.`);
    return realPlace(resolve(realPlace(folder, links), target), links - 1);
  }
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

function refuseWayOut(path: string, real: string, within: readonly string[]): void {
  const left = within.find((folder) => isBelow(path, folder) && !isBelow(real, realPlace(folder)));
  if (left === undefined) return;
  throw new AbpError('invalid_input', `${path} leads out of ${left} by a link, and links are not followed.`, {
    hint: `If it is meant, give the path that it leads to: ${real}`,
  });
}

function refuseStore(places: Places, path: string, real: string): void {
  if (!databasesOf(places).some((database) => isStores(database, real))) return;
  throw new AbpError('invalid_input', `Nothing may be written to ${path}: it belongs to ABP's store.`, {
    hint: `Give a path elsewhere, or one below ${places.allOutputs}.`,
  });
}

/** The database by its path and, where that is a link, by where it lies: the files of SQLite are there. */
function databasesOf({ database }: Places): readonly string[] {
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
