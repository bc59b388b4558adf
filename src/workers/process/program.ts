import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';

/** Absolute path of an executable: a name is looked up in PATH, a path with a slash starts at `cwd`. null = none. */
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

/** Whether a path is a directory now; one that no system takes (too long, a NUL in it) is none. */
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
