import { homedir } from 'node:os';
import { resolve } from 'node:path';
import type { Bounds, Power } from '../../domain/power.ts';

/** Resolves a path: `~` is the home directory, relative paths start at `workingDirectory`. */
export function absolutePath(path: string, workingDirectory: string): string {
  if (path === '~' || path.startsWith('~/')) return resolve(homedir(), path.slice(2));
  return resolve(workingDirectory, path);
}

/** The power to read credentials or ABP's own store; none for other paths. */
export function sensitivePowers(path: string, bounds: Bounds): readonly Power[] {
  return bounds.isSensitive(path) ? [{ kind: 'credentials', what: bounds.nameOf(path) }] : [];
}
