import { type Dirent, lstatSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { runFile } from './process/run-directory.ts';

/** A directory with more entries than this is not looked through: it counts as written to. */
const LOOKED_AT = 100_000;

/**
 * Whether a file below the output directory was made or changed since an attempt began. Units share that directory, so that
 * one which ran at the same time may have been it.
 */
export function hasWrittenFiles(outputDirectory: string, runDirectory: string): boolean {
  const since = statSync(runFile(runDirectory, 'stdin'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const open = [outputDirectory];
  let left = LOOKED_AT;
  for (let directory = open.pop(); directory !== undefined; directory = open.pop()) {
    for (const entry of entriesOf(directory)) {
      if (--left < 0) return true;
      const file = path.join(directory, entry.name);
      if (entry.isDirectory()) open.push(file);
      // The time of the last change also tells of a file that was moved here with its old times.
      else if ((lstatSync(file, { throwIfNoEntry: false })?.ctimeMs ?? 0) >= since) return true;
    }
  }
  return false;
}

/** None where the directory is gone or nobody may look: nothing that can be reached was written there. */
function entriesOf(directory: string): readonly Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}
