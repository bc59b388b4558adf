import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { fileSize, runFile } from './run-directory.ts';

/** Smaller files are not compressed: they take a block of the disk either way. */
const MIN_BYTES = 16 * 1024;

/**
 * Compresses the output of a settled attempt: `stdout` becomes `stdout.gz`, likewise stderr; readers accept both. A
 * crash midway leaves the whole file and a `.part` file.
 */
export async function compressOutput(runDirectory: string): Promise<void> {
  for (const name of ['stdout', 'stderr'] as const) {
    const file = runFile(runDirectory, name);
    if (fileSize(file) < MIN_BYTES) continue;
    const part = `${file}.part`;
    try {
      await pipeline(createReadStream(file), createGzip({ level: 6 }), createWriteStream(part, { mode: 0o600 }));
      await rename(part, `${file}.gz`);
    } catch (error) {
      // On a full disk the partial file takes up space.
      await rm(part, { force: true });
      throw error;
    }
    await rm(file);
  }
}
