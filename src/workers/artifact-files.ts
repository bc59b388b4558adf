import { constants, lstatSync, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';

/** Why a file that an agent reported is not taken for one that it made. */
export type NotMade = 'gone' | 'linked';

/**
 * The file that an agent made at a path below its output directory: a regular file, by names of which none is a link, and
 * with no second name, behind which a file from outside could stand (one that the agent itself linked twice is refused
 * too: nobody can tell). Follows nothing, so that a link says nothing about what it leads to.
 */
export function artifactStats(directory: string, path: string): Stats | NotMade {
  const names = normalize(path).split('/');
  if (isAbsolute(path) || names.includes('..') || path.includes('\0')) return 'gone';
  let here = directory;
  for (const [at, name] of ['', ...names].entries()) {
    here = join(here, name);
    const stats = lookAt(here);
    if (stats === null) return 'gone';
    if (stats.isSymbolicLink()) return 'linked';
    if (at < names.length) {
      if (!stats.isDirectory()) return 'gone';
      continue;
    }
    if (!stats.isFile()) return 'gone';
    return stats.nlink > 1 ? 'linked' : stats;
  }
  return 'gone';
}

/** Opens it; what stands behind the path was not exchanged meanwhile. The caller closes it. */
export async function openArtifact(directory: string, path: string): Promise<FileHandle | NotMade> {
  const before = artifactStats(directory, path);
  if (typeof before === 'string') return before;
  // Waits for nobody, should a pipe be there by now.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(join(directory, path), flags).catch(unlessOutOfReach);
  if (handle === null) return 'gone';
  const opened = await handle.stat();
  if (opened.dev === before.dev && opened.ino === before.ino && opened.nlink === 1) return handle;
  await handle.close();
  return 'linked';
}

function lookAt(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch (error) {
    return unlessOutOfReach(error);
  }
}

const OUT_OF_REACH: readonly string[] = ['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'EPERM', 'ENAMETOOLONG', 'ENXIO'];

function unlessOutOfReach(error: unknown): null {
  if (OUT_OF_REACH.includes((error as NodeJS.ErrnoException).code ?? '')) return null;
  throw error;
}
