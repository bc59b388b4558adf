import { appendFileSync, type Dirent, existsSync, lstatSync, mkdirSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Artifact } from '../../domain/attempt.ts';
import { runFile } from './run-directory.ts';

/**
 * Directory in which the program of one attempt writes its files. Private to the attempt: its content is what this
 * attempt wrote.
 */
export function ownOutput(runDirectory: string): string {
  return path.join(runDirectory, 'output');
}

/** Creates the output directory of an attempt and returns its path. */
export function makeOwnOutput(runDirectory: string): string {
  const directory = ownOutput(runDirectory);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return directory;
}

/** Checks whether an attempt wrote a regular file, even if its files were moved since. */
export async function wroteFiles(runDirectory: string): Promise<boolean> {
  if (movedFiles(runDirectory).length > 0) return true;
  return (await ownFiles(runDirectory).next()).done !== true;
}

/** Records the target of a file before it is moved, for a later verdict on the attempt. */
export function recordMove(runDirectory: string, file: Buffer, { path: to, bytes }: Artifact): void {
  const line = JSON.stringify([file.toString('latin1'), to, bytes]);
  appendFileSync(runFile(runDirectory, 'moved'), `\n${line}`, { mode: 0o600 });
}

/** Files that were moved, or about to be when the executor was killed; the last target of each file. */
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
    // A truncated line is about a file that has not been moved.
    return [];
  }
}

/**
 * Yields the regular files that an attempt wrote, relative to its directory, as bytes since not every name is UTF-8.
 * Ignores links and special files and follows none: a program may have replaced the directory itself by a link.
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

/** False if the worker has none, or its program removed or replaced it. */
function isRealDirectory(directory: string): boolean {
  return lstatSync(directory, { throwIfNoEntry: false })?.isDirectory() === true;
}

function entriesOf(directory: Buffer): Promise<Dirent<Buffer>[]> {
  return readdir(directory, { withFileTypes: true, encoding: 'buffer' });
}
