import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, statSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { access, constants, lstat, open, readdir, readlink, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { AbpError } from '../domain/error.ts';

const CHUNK_CHARS = 64 * 1024;

/** Receives the text of a new file. */
export interface Sink {
  /** Adds text; true = time to `flush`. */
  push(text: string): boolean;
  /** Starts to write the added text, after the previous flush is written: the next text is produced meanwhile. */
  flush(): Promise<void>;
  /** Discards everything written so far. */
  restart(): Promise<void>;
}

/** Files that an export may replace. Absent = none. */
export interface ReplaceOptions {
  /** Any file. */
  readonly force?: boolean | undefined;
  /** SHA-256 (hex) of earlier exports of the same job to this path: such a file may be replaced. */
  readonly former?: readonly string[] | undefined;
}

/** Options of an atomic write. */
export interface WriteOptions extends ReplaceOptions {
  /** Called with the SHA-256 (hex) of the whole file right before it is moved to its path; an error prevents the move. */
  readonly announce?: (sha256: string) => Promise<void>;
  /**
   * Id for one writer at a time: temporary files of an earlier, killed writer are removed; one that is still alive then
   * finds nothing to move.
   */
  readonly writer?: string;
}

/**
 * Checks that a file can be written to a path. Throws AbpError `invalid_input` (a directory, not a regular file, a
 * link), `already_exists`, `conflict` (a former export that was changed since) or `environment` (the folder is not
 * writable).
 */
export async function checkTarget(file: string, replacing: ReplaceOptions): Promise<void> {
  try {
    await refuseTaken(file, replacing);
    await accessFolder(path.dirname(path.resolve(file)));
  } catch (error) {
    throw explained(file, error);
  }
}

async function refuseTaken(file: string, { force = false, former = [] }: ReplaceOptions): Promise<void> {
  const found = await lstat(file).catch(nullIfMissing);
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
  const parts = { hint: 'Give another path, or set force to replace it.', details: { option: 'force' } };
  if (former.length === 0) throw new AbpError('already_exists', `${file} already exists and was not changed.`, parts);
  throw new AbpError('conflict', `${file} was changed since it was exported, and was not replaced.`, parts);
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/**
 * Creates a directory and its parents: mode 0700 where the nearest existing one is closed to others, else as the umask
 * says.
 */
export function makeDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: isPrivate(nearestExisting(directory)) ? 0o700 : 0o777 });
}

/** Tells whether an existing folder is closed to group and others. */
function isPrivate(folder: string): boolean {
  return (statSync(folder).mode & 0o044) === 0;
}

function nearestExisting(folder: string): string {
  return existsSync(folder) ? folder : nearestExisting(path.dirname(folder));
}

/** Checks that a file can be created in a folder, or in its nearest existing parent; throws the system's error. */
async function accessFolder(folder: string): Promise<void> {
  const isThere = (await stat(folder).catch(nullIfMissing)) !== null;
  await (isThere ? access(folder, constants.W_OK | constants.X_OK) : accessFolder(path.dirname(folder)));
}

/**
 * Writes a file beside its path and moves it there when it is complete and on disk: no reader sees half of it, and an
 * old file stays until then. Creates missing folders. Only this user may read it where only this user may read its
 * folder. Returns size and SHA-256 (hex).
 */
export async function writeAtomically(
  file: string,
  placing: WriteOptions,
  write: (sink: Sink) => Promise<void>,
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const folder = path.dirname(file);
  // Not derived from its name, which may have the maximal length.
  const start = `.abp-export-${placing.writer === undefined ? '' : `${placing.writer}-`}`;
  const beside = path.join(folder, `${start}${randomUUID()}.tmp`);
  try {
    makeDirectory(folder);
    if (placing.writer !== undefined) await removeTemporary(folder, start);
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

async function removeTemporary(folder: string, start: string): Promise<void> {
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

/** Creates the sink of a file. `end` waits for the write in progress: the handle must stay open until then. */
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
        // The next await reports a failure.
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

function nullIfMissing(error: unknown): null {
  if (codeOf(error) === 'ENOENT') return null;
  throw error;
}

/** Converts a system error to AbpError `environment`; other errors pass unchanged. */
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
