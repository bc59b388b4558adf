import { readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { AbpError } from '../domain/error.ts';

/** Most links followed in a row; Linux has the same limit. */
const MOST_LINKS = 40;

/**
 * Resolves all links of a path, also those with missing targets; missing parts keep their names. Paths are always judged by
 * this. Throws AbpError `invalid_input` for a link that leads to itself.
 */
export function realPath(path: string): string {
  return resolved(resolve(path), MOST_LINKS);
}

function resolved(path: string, links: number): string {
  try {
    return realpathSync.native(path);
  } catch {
    const folder = dirname(path);
    if (folder === path) return path;
    const target = linkOf(path);
    if (target === null) return join(resolved(folder, links), basename(path));
    if (links === 0) throw new AbpError('invalid_input', `${path} is a link that leads to itself.`);
    return resolved(resolve(resolved(folder, links), target), links - 1);
  }
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
