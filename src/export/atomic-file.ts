import { randomUUID } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { access, constants, mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises';
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

/**
 * Refuses a path that no file can be written to: a directory, something that is not a file, one in a folder that is not
 * this user's, or, without `force`, one that exists. Throws AbpError `invalid_input`, `already_exists` or `environment`.
 */
export async function checkTarget(file: string, force: boolean): Promise<void> {
  try {
    await refuseTaken(file, force);
    await accessFolder(path.dirname(path.resolve(file)));
  } catch (error) {
    throw explained(file, error);
  }
}

async function refuseTaken(file: string, force: boolean): Promise<void> {
  const found = await stat(file).catch(unlessMissing);
  if (found === null) return;
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
  if (force) return;
  throw new AbpError('already_exists', `${file} exists already and was left as it is.`, {
    hint: 'Give another path, or force to replace it.',
  });
}

/** Whether a file can be made in a folder, or in the nearest one on the way to it that is there. */
async function accessFolder(folder: string): Promise<void> {
  const isThere = (await stat(folder).catch(unlessMissing)) !== null;
  await (isThere ? access(folder, constants.W_OK | constants.X_OK) : accessFolder(path.dirname(folder)));
}

/**
 * Writes a file beside its place and moves it there when it is whole and on the disk: nobody ever sees half of it, and
 * what was there stays until then. Folders on the way are made. Resolves to its size in bytes.
 */
export async function writeAtomically(
  file: string,
  force: boolean,
  write: (sink: Sink) => Promise<void>,
): Promise<number> {
  const target = await realpath(file).catch(() => file);
  // Not made of its name: that may be as long as names can be.
  const beside = path.join(path.dirname(target), `.abp-export-${randomUUID()}.tmp`);
  await mkdir(path.dirname(target), { recursive: true }).catch((error: unknown) => {
    throw explained(file, error);
  });
  try {
    const bytes = await writeAndSync(beside, write);
    await checkTarget(file, force);
    await rename(beside, target);
    await syncFolder(path.dirname(target));
    return bytes;
  } catch (error) {
    await rm(beside, { force: true });
    throw explained(file, error);
  }
}

async function writeAndSync(file: string, write: (sink: Sink) => Promise<void>): Promise<number> {
  await using handle = await open(file, 'wx');
  const { sink, end } = sinkOf(handle);
  try {
    await write(sink);
    await sink.flush();
  } finally {
    await end();
  }
  await handle.sync();
  return (await handle.stat()).size;
}

/** `end` waits for the write under way: the handle must not be closed before. */
function sinkOf(handle: FileHandle): { sink: Sink; end: () => Promise<void> } {
  let waiting = '';
  let position = 0;
  let writing: Promise<void> = Promise.resolve();
  return {
    end: () => writing,
    sink: {
      push: (text) => {
        waiting += text;
        return waiting.length >= CHUNK_CHARS;
      },
      flush: async () => {
        await writing;
        const chunk = Buffer.from(waiting);
        waiting = '';
        writing = writeAll(handle, chunk, position);
        position += chunk.length;
        // Whoever waits for it next hears of a failure.
        writing.catch(() => undefined);
      },
      restart: async () => {
        await writing;
        waiting = '';
        position = 0;
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

/** What the system refuses is a person's to mend; everything else passes as it is. */
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
