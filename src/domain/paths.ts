import { homedir } from 'node:os';
import { resolve, sep } from 'node:path';

/** Resolves a path: `~` is the home directory, relative paths start at `base`. */
export function absolutePath(path: string, base: string): string {
  return path === '~' || path.startsWith('~/') ? resolve(homedir(), path.slice(2)) : resolve(base, path);
}

/** Tells whether an absolute path is a directory or below it; `/` holds all. */
export function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}
