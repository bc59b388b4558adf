import { constants, lstatSync, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';

/** Why a reported file is not accepted as an artifact. */
export type RejectedFile = 'gone' | 'linked';

/**
 * Stats of an artifact below its output directory. Accepts only a regular file reached without links, with a single
 * hard link, since a second name could expose a file from outside (a file that the agent linked twice is rejected too:
 * the cases cannot be told apart). Follows no link, so that nothing is revealed about its target.
 */
export function artifactStats(directory: string, path: string): Stats | RejectedFile {
  const names = normalize(path).split('/');
  if (isAbsolute(path) || names.includes('..') || path.includes('\0')) return 'gone';
  let here = directory;
  for (const [at, name] of ['', ...names].entries()) {
    here = join(here, name);
    const stats = statsOf(here);
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

/** Opens an artifact after checking that the path was not exchanged meanwhile. The caller closes it. */
export async function openArtifact(directory: string, path: string): Promise<FileHandle | RejectedFile> {
  const before = artifactStats(directory, path);
  if (typeof before === 'string') return before;
  // Does not block if the path has become a pipe.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(join(directory, path), flags).catch(nullIfUnreachable);
  if (handle === null) return 'gone';
  const opened = await handle.stat();
  if (opened.dev === before.dev && opened.ino === before.ino && opened.nlink === 1) return handle;
  await handle.close();
  return 'linked';
}

function statsOf(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch (error) {
    return nullIfUnreachable(error);
  }
}

const UNREACHABLE: readonly string[] = ['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'EPERM', 'ENAMETOOLONG', 'ENXIO'];

function nullIfUnreachable(error: unknown): null {
  if (UNREACHABLE.includes((error as NodeJS.ErrnoException).code ?? '')) return null;
  throw error;
}
