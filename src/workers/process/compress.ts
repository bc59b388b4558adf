import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { fileSize, runFile } from './run-directory.ts';

/** Smaller logs are left as they are: a compressed file takes a block of the disk too. */
const WORTH_IT_BYTES = 16 * 1024;

/**
 * Compresses the output of an attempt that was settled: `stdout` becomes `stdout.gz`, likewise stderr; readers take what is
 * there. A crash in the middle leaves the whole file and a `.part` beside it.
 */
export async function compressOutput(runDirectory: string): Promise<void> {
  for (const name of ['stdout', 'stderr'] as const) {
    const file = runFile(runDirectory, name);
    if (fileSize(file) < WORTH_IT_BYTES) continue;
    const part = `${file}.part`;
    try {
      await pipeline(createReadStream(file), createGzip({ level: 6 }), createWriteStream(part, { mode: 0o600 }));
      await rename(part, `${file}.gz`);
    } catch (error) {
      // On a full disk what is there of it is in the way.
      await rm(part, { force: true });
      throw error;
    }
    await rm(file);
  }
}
