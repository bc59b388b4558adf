import { createReadStream, existsSync } from 'node:fs';
import { createGunzip } from 'node:zlib';

/** A line of a file with its number from 0. Bytes that are not UTF-8 become U+FFFD. */
export interface Line {
  readonly seq: number;
  readonly text: string;
}

const NEWLINE = 10;

/** Longer lines are truncated: no plausible program writes them, and a string cannot hold half a gigabyte. */
const MAX_LINE_BYTES = 64 << 20;

/** Splits streamed bytes into lines; characters split between chunks are decoded whole. Holds one line at a time. */
export function lineSplitter(): { push(chunk: Buffer): string[]; rest(): string } {
  let held: Buffer[] = [];
  let heldBytes = 0;
  const hold = (part: Buffer) => {
    const kept = part.subarray(0, MAX_LINE_BYTES - heldBytes);
    heldBytes += kept.length;
    held.push(kept);
  };
  return {
    push(chunk) {
      const lines: string[] = [];
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
        hold(chunk.subarray(start, end));
        lines.push(Buffer.concat(held).toString('utf8'));
        held = [];
        heldBytes = 0;
        start = end + 1;
      }
      if (start < chunk.length) hold(chunk.subarray(start));
      return lines;
    },
    rest: () => Buffer.concat(held).toString('utf8'),
  };
}

/**
 * Yields the lines of a file from number `from` on; none if there is no file. An unfinished last line counts unless the
 * file is still `growing`. Reads `FILE.gz` if the file has been compressed.
 */
export async function* readLines(file: string, from = 0, growing = false): AsyncGenerator<Line> {
  const chunks = openChunks(file);
  if (chunks === null) return;
  const splitter = lineSplitter();
  let seq = 0;
  for await (const chunk of chunks) {
    for (const text of splitter.push(chunk)) {
      if (seq >= from) yield { seq, text };
      seq++;
    }
  }
  const text = splitter.rest();
  if (text !== '' && seq >= from && !growing) yield { seq, text };
}

/** Reads a whole file as text; '' if there is none. Reads `FILE.gz` if the file has been compressed. */
export async function readWhole(file: string): Promise<string> {
  const parts: Buffer[] = [];
  for await (const chunk of openChunks(file) ?? []) parts.push(chunk);
  return Buffer.concat(parts).toString('utf8');
}

function openChunks(file: string): AsyncIterable<Buffer> | null {
  if (existsSync(file)) return createReadStream(file);
  return existsSync(`${file}.gz`) ? createReadStream(`${file}.gz`).pipe(createGunzip()) : null;
}
