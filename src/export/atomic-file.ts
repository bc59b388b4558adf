import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, statSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { access, constants, lstat, open, readdir, readlink, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { AbpError } from '../domain/error.ts';

const CHUNK_CHARS = 64 * 1024;

/** Takes the text of a file that is not there yet. */
export interface Sink {
  /** Adds text; true = it is time to `flush`. */
  push(text: string): boolean;
  /** Begins to write what was added, once what was flushed before is written: the next text is made meanwhile. */
  flush(): Promise<void>;
  /** Forgets everything so far. */
  restart(): Promise<void>;
}

/** What an export may take the place of. Absent = nothing. */
export interface Replacing {
  /** Any file. */
  readonly force?: boolean | undefined;
  /** SHA-256, hex, of what the same job exported to this path before: such a file holds nothing of anybody else. */
  readonly former?: readonly string[] | undefined;
}

/** How a file takes its place. */
export interface Placing extends Replacing {
  /** Called with the SHA-256 (hex) of the whole file right before it is moved to its path; what it throws prevents that. */
  readonly announce?: (sha256: string) => Promise<void>;
  /**
   * Whose file it is, for one writer at a time: what an earlier one left beside the path when it was killed is removed, and
   * one that is not dead after all has nothing to move there any more.
   */
  readonly writer?: string;
}

/**
 * Refuses a path that no file can be written to: a directory, something that is not a file, a link, one in a folder that
 * is not this user's, or one that must not be replaced. Throws AbpError `invalid_input`, `already_exists`, `conflict` (a
 * former export that was changed since) or `environment`.
 */
export async function checkTarget(file: string, replacing: Replacing): Promise<void> {
  try {
    await refuseTaken(file, replacing);
    await accessFolder(path.dirname(path.resolve(file)));
  } catch (error) {
    throw explained(file, error);
  }
}

async function refuseTaken(file: string, { force = false, former = [] }: Replacing): Promise<void> {
  const found = await lstat(file).catch(unlessMissing);
  if (found === null) return;
  if (found.isSymbolicLink()) {
    throw new AbpError('invalid_input', `Cannot export to ${file}: it is a link, and links are not followed.`, {
      hint: `Give the path that it leads to: ${await readlink(file)}`,
    });
  }
  if (found.isDirectory()) {
    throw new AbpError('invalid_input', `Cannot export to ${file}: expected a file, found a directory.`, {
      hint: `Give a file in it, for example ${path.join(file, 'results.csv')}.`,
    });
  }
  if (!found.isFile()) {
    throw new AbpError('invalid_input', `Cannot export to ${file}: it is neither a file nor a new path.`, {
      hint: 'Give the path of a file.',
    });
  }
  if (force || (former.length > 0 && former.includes(await sha256Of(file)))) return;
  const hint = 'Give another path, or force to replace it.';
  if (former.length === 0)
    throw new AbpError('already_exists', `${file} exists already and was left as it is.`, { hint });
  throw new AbpError('conflict', `${file} was changed since it was exported, and was left as it is.`, { hint });
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/**
 * Makes a directory, with those on the way to it: for nobody but this user where the nearest one that is there may not be
 * read by others either, else as the umask says.
 */
export function makeDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: isPrivate(nearest(directory)) ? 0o700 : 0o777 });
}

/** Whether neither group nor others may read in a folder that is there. */
function isPrivate(folder: string): boolean {
  return (statSync(folder).mode & 0o044) === 0;
}

function nearest(folder: string): string {
  return existsSync(folder) ? folder : nearest(path.dirname(folder));
}

/** Whether a file can be made in a folder, or in the nearest one on the way to it that is there. */
async function accessFolder(folder: string): Promise<void> {
  const isThere = (await stat(folder).catch(unlessMissing)) !== null;
  await (isThere ? access(folder, constants.W_OK | constants.X_OK) : accessFolder(path.dirname(folder)));
}

/**
 * Writes a file beside its place and moves it there when it is whole and on the disk: nobody ever sees half of it, and
 * what was there stays until then. Folders on the way are made. Only this user may read it where only they may read its
 * folder. Resolves to its size and SHA-256 (hex).
 */
export async function writeAtomically(
  file: string,
  placing: Placing,
  write: (sink: Sink) => Promise<void>,
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const folder = path.dirname(file);
  // Not made of its name: that may be as long as names can be.
  const start = `.abp-export-${placing.writer === undefined ? '' : `${placing.writer}-`}`;
  const beside = path.join(folder, `${start}${randomUUID()}.tmp`);
  try {
    makeDirectory(folder);
    if (placing.writer !== undefined) await removeLeft(folder, start);
    const written = await writeAndSync(beside, isPrivate(folder) ? 0o600 : 0o666, write);
    await placing.announce?.(written.sha256);
    await checkTarget(file, placing);
    await rename(beside, file);
    await syncFolder(folder);
    return written;
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined);
    throw explained(file, error);
  }
}

async function removeLeft(folder: string, start: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.startsWith(start) && name.endsWith('.tmp')) await rm(path.join(folder, name), { force: true });
  }
}

async function writeAndSync(file: string, mode: number, write: (sink: Sink) => Promise<void>) {
  await using handle = await open(file, 'wx', mode);
  const { sink, end, sha256 } = sinkOf(handle);
  try {
    await write(sink);
    await sink.flush();
  } finally {
    await end();
  }
  await handle.sync();
  return { bytes: (await handle.stat()).size, sha256: sha256() };
}

/** `end` waits for the write under way: the handle must not be closed before. */
function sinkOf(handle: FileHandle): { sink: Sink; end: () => Promise<void>; sha256: () => string } {
  let hash = createHash('sha256');
  let waiting = '';
  let position = 0;
  let writing: Promise<void> = Promise.resolve();
  return {
    end: () => writing,
    sha256: () => hash.digest('hex'),
    sink: {
      push: (text) => {
        waiting += text;
        return waiting.length >= CHUNK_CHARS;
      },
      flush: async () => {
        await writing;
        const chunk = Buffer.from(waiting);
        waiting = '';
        hash.update(chunk);
        writing = writeAll(handle, chunk, position);
        position += chunk.length;
        // Whoever waits for it next hears of a failure.
        writing.catch(() => undefined);
      },
      restart: async () => {
        await writing;
        waiting = '';
        position = 0;
        hash = createHash('sha256');
        await handle.truncate(0);
      },
    },
  };
}

async function writeAll(handle: FileHandle, chunk: Buffer, position: number): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    const { bytesWritten } = await handle.write(chunk, done, chunk.length - done, position + done);
    done += bytesWritten;
  }
}

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  await handle.sync();
}

function unlessMissing(error: unknown): null {
  if (codeOf(error) === 'ENOENT') return null;
  throw error;
}

/** What the system refuses is a person's to fix; everything else passes as it is. */
function explained(file: string, error: unknown): unknown {
  const code = codeOf(error);
  if (error instanceof AbpError || code === undefined) return error;
  return new AbpError('environment', `Cannot write ${file} (${code}).`, {
    hint: code === 'ENOSPC' ? 'Make room on the disk, then export again.' : 'Give a path that this user may write to.',
    cause: error,
  });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
