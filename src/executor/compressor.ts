import type { JobLog } from '../supervision/log.ts';
import { compressOutput } from '../workers/process/compress.ts';

/** Compresses run directories in the background, one at a time. */
export interface Compressor {
  add(runDirectory: string): void;
  /** Resolves when everything added so far is done. */
  idle(): Promise<void>;
}

/** Creates a compressor. Files that cannot be compressed stay readable as they are, and the error is logged. */
export function createCompressor(log: JobLog): Compressor {
  let last: Promise<void> = Promise.resolve();
  return {
    add(runDirectory) {
      last = last
        .then(() => compressOutput(runDirectory))
        .catch((error: unknown) =>
          log.logger.warn({ err: error, run_directory: runDirectory }, 'cannot compress the run directory'),
        );
    },
    idle: () => last,
  };
}
