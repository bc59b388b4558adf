import { homedir } from 'node:os';
import { resolve } from 'node:path';

/** An absolute path: `~` is the home directory, a relative path starts at `workingDirectory`. */
export function absolutePath(path: string, workingDirectory: string): string {
  if (path === '~' || path.startsWith('~/')) return resolve(homedir(), path.slice(2));
  return resolve(workingDirectory, path);
}
