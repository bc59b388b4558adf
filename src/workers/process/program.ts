import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';

/** Finds an executable: a name in PATH, a path with a slash relative to `cwd`. Returns its absolute path, null if not found. */
export function findProgram(name: string, cwd: string, searchPath: string | undefined): string | null {
  if (name.includes('/')) {
    const file = path.resolve(cwd, name);
    return isExecutable(file) ? file : null;
  }
  for (const directory of (searchPath ?? '').split(path.delimiter)) {
    const file = path.resolve(cwd, directory, name);
    if (isExecutable(file)) return file;
  }
  return null;
}

/** Checks whether a path is a directory; false for invalid paths (too long, NUL). */
export function isDirectory(directory: string): boolean {
  try {
    return statSync(directory).isDirectory();
  } catch {
    return false;
  }
}

function isExecutable(file: string): boolean {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return false;
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
