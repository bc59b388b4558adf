import { closeSync, openSync, readSync } from 'node:fs';
import { lineSplitter } from '../process/lines.ts';
import { fileSize, runFile } from '../process/run-directory.ts';
import { parseEvent } from './fields.ts';

const CHUNK_BYTES = 256 * 1024;
const RESULT = /"type"\s*:\s*"result"/;

/**
 * Creates a check that reads what was appended to a growing stream at each call; true from the first result line on.
 * Parses only candidate lines.
 */
export function watchForResult(runDirectory: string): () => boolean {
  const file = runFile(runDirectory, 'stdout');
  const splitter = lineSplitter();
  let position = 0;
  let found = false;
  return () => {
    // A smaller file was removed or truncated; that must not stop the executor.
    if (found || fileSize(file) <= position) return found;
    const fd = openSync(file, 'r');
    try {
      const buffer = Buffer.alloc(CHUNK_BYTES);
      for (;;) {
        const read = readSync(fd, buffer, 0, buffer.length, position);
        if (read === 0) return found;
        position += read;
        // The splitter keeps its input until the line ends, so it gets a copy.
        found ||= splitter.push(Buffer.from(buffer.subarray(0, read))).some(isResult);
      }
    } finally {
      closeSync(fd);
    }
  };
}

function isResult(line: string): boolean {
  return RESULT.test(line) && parseEvent(line)?.type === 'result';
}
