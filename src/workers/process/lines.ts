import { createReadStream, existsSync } from 'node:fs';
import { createGunzip } from 'node:zlib';

/** A line of a file with its number, 0 for the first. What is not UTF-8 has become U+FFFD. */
export interface Line {
  readonly seq: number;
  readonly text: string;
}

const NEWLINE = 10;

/** Nobody writes longer lines in earnest, and no text can have half a gigabyte. What is longer is cut off, as if it ended there. */
const MAX_LINE_BYTES = 64 << 20;

/**
 * Splits bytes into lines, however they are cut into chunks; decodes half a character only where a line is cut off. Holds
 * one line at a time.
 */
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
 * The lines of a file from number `from` on; none when there is no file. An unfinished last line is one too, unless the
 * file is still `growing`. Reads `FILE.gz` where the file has been compressed.
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

/** A whole file as text; '' when there is none. Reads `FILE.gz` where the file has been compressed. */
export async function readWhole(file: string): Promise<string> {
  const parts: Buffer[] = [];
  for await (const chunk of openChunks(file) ?? []) parts.push(chunk);
  return Buffer.concat(parts).toString('utf8');
}

function openChunks(file: string): AsyncIterable<Buffer> | null {
  if (existsSync(file)) return createReadStream(file);
  return existsSync(`${file}.gz`) ? createReadStream(`${file}.gz`).pipe(createGunzip()) : null;
}
