import { appendFileSync, type Dirent, existsSync, lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Artifact } from '../../domain/attempt.ts';
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

/** Whether an attempt wrote a regular file, also after its files were moved away. */
export async function wroteFiles(runDirectory: string): Promise<boolean> {
  if (movedFiles(runDirectory).length > 0) return true;
  return (await ownFiles(runDirectory).next()).done !== true;
}

/** Notes where a file goes, before it is moved away: whoever judges the attempt again does not find it. */
export function noteMove(runDirectory: string, file: Buffer, { path: to, bytes }: Artifact): void {
  const line = JSON.stringify([file.toString('latin1'), to, bytes]);
  appendFileSync(runFile(runDirectory, 'moved'), `\n${line}`, { mode: 0o600 });
}

/** Where its files went, or were about to go when an executor was killed; of several places for a file the last. */
export function movedFiles(runDirectory: string): readonly Artifact[] {
  const noted = runFile(runDirectory, 'moved');
  if (!existsSync(noted)) return [];
  const moves = readFileSync(noted, 'utf8').split('\n').flatMap(moveIn);
  return [...new Map(moves).values()];
}

function moveIn(line: string): [string, Artifact][] {
  try {
    const [file, to, bytes] = JSON.parse(line) as [string, string, number];
    return [[file, { path: to, bytes }]];
  } catch {
    // What a kill cut off is of a file that is still there.
    return [];
  }
}

/**
 * The regular files that an attempt wrote, relative to its directory, as bytes: not every name is UTF-8. Links, pipes and the
 * like are none, and none is followed: a program may have put a link to anything in the place of the directory itself.
 */
export async function* ownFiles(runDirectory: string): AsyncGenerator<Buffer, void> {
  const root = Buffer.from(`${ownOutput(runDirectory)}/`);
  if (isRealDirectory(ownOutput(runDirectory))) yield* filesBelow(root, Buffer.alloc(0));
}

async function* filesBelow(root: Buffer, folder: Buffer): AsyncGenerator<Buffer, void> {
  for (const entry of await entriesOf(Buffer.concat([root, folder]))) {
    const name = Buffer.concat([folder, entry.name]);
    if (entry.isDirectory()) yield* filesBelow(root, Buffer.concat([name, Buffer.from('/')]));
    else if (entry.isFile()) yield name;
  }
}

/** Not where a worker has none, or its program took it away or put something else there. */
function isRealDirectory(directory: string): boolean {
  return lstatSync(directory, { throwIfNoEntry: false })?.isDirectory() === true;
}

function entriesOf(directory: Buffer): Promise<Dirent<Buffer>[]> {
  return readdir(directory, { withFileTypes: true, encoding: 'buffer' });
}
