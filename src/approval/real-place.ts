import { readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { AbpError } from '../domain/error.ts';

/** Links that are followed one after another before a path counts as endless; Linux has the same bound. */
const MOST_LINKS = 40;

/** An absolute path with all links resolved, also those that lead to nothing yet; what is not there keeps its name. */
export function realPlace(path: string, links = MOST_LINKS): string {
  try {
    return realpathSync.native(path);
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
