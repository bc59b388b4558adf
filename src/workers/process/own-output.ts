import { type Dirent, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { runFile } from './run-directory.ts';

/** Where the program of one attempt writes its files. Nobody else does: what is in it says what this attempt wrote. */
export function ownOutput(runDirectory: string): string {
  return path.join(runDirectory, 'output');
}

/** Makes it, and returns its path. */
export function makeOwnOutput(runDirectory: string): string {
  const directory = ownOutput(runDirectory);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return directory;
}

/** Whether an attempt wrote a regular file, also after its files were handed over. */
export async function wroteFiles(runDirectory: string): Promise<boolean> {
  if (existsSync(runFile(runDirectory, 'handed'))) return true;
  return (await ownFiles(runDirectory).next()).done !== true;
}

/** Remembers that an attempt wrote files, before the first is moved away: who judges it again finds none. */
export function markHanded(runDirectory: string): void {
  writeFileSync(runFile(runDirectory, 'handed'), '', { mode: 0o600 });
}

/**
 * The regular files that an attempt wrote, relative to its directory, as bytes: not every name is UTF-8. Links, pipes and the
 * like are none.
 */
export async function* ownFiles(runDirectory: string, folder = Buffer.alloc(0)): AsyncGenerator<Buffer, void> {
  const directory = Buffer.concat([Buffer.from(`${ownOutput(runDirectory)}/`), folder]);
  for (const entry of await entriesOf(directory)) {
    const name = Buffer.concat([folder, entry.name]);
    if (entry.isDirectory()) yield* ownFiles(runDirectory, Buffer.concat([name, Buffer.from('/')]));
    else if (entry.isFile()) yield name;
  }
}

/** None where the program took the directory away. */
async function entriesOf(directory: Buffer): Promise<readonly Dirent<Buffer>[]> {
  try {
    return await readdir(directory, { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
