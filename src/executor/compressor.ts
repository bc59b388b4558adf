import type { JobLog } from '../supervision/log.ts';
import { compressOutput } from '../workers/process/compress.ts';

/** Compresses run directories behind the executor's back, one at a time. */
export interface Compressor {
  add(runDirectory: string): void;
  /** Resolves when everything added so far is done. */
  idle(): Promise<void>;
}

/** Makes a compressor. What cannot be compressed stays as it is and is logged: it is readable all the same. */
export function createCompressor(log: JobLog): Compressor {
  let last: Promise<void> = Promise.resolve();
  return {
    add(runDirectory) {
      last = last
        .then(() => compressOutput(runDirectory))
        .catch((error: unknown) => log.logger.warn({ err: error, run_directory: runDirectory }, 'not compressed'));
    },
    idle: () => last,
  };
}
