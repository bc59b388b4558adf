import { AbpError } from '../../domain/error.ts';
import { DamagedFile, openBytes } from './bytes.ts';
import { type Decoder, decoderOf, type TextFaults } from './decoder.ts';

/** The text to read. */
export interface TextSource {
  /** Absolute path. */
  readonly path: string;
  /** WHATWG name; absent = UTF-8, or the encoding of the byte order mark. */
  readonly encoding: string | undefined;
  /**
   * Collects NUL characters and undecodable bytes (see hasUndecodable) for a reader that checks its records. Absent:
   * such a text is refused.
   */
  readonly faults?: TextFaults;
}

/**
 * Reads the text of a file in chunks: decompressed, strictly decoded, without byte order mark. Throws AbpError
 * `invalid_input` if the file is missing, unreadable, damaged or does not fit the encoding (with the line).
 */
export async function* readText(source: TextSource): AsyncGenerator<string> {
  try {
    const bytes = await openBytes(source.path);
    if (bytes === null) throw notAFile(source.path);
    yield* decode(bytes, source);
  } catch (error) {
    throw toRefusal(source.path, error);
  }
}

/** The beginning of a text, and whether it is the whole text. */
export interface TextStart {
  readonly text: string;
  readonly isWhole: boolean;
}

/** Reads the beginning of a file for inspection: its first chunk, and more until it is `enough`. */
export async function readStart(
  source: TextSource,
  enough: (text: string) => boolean = () => true,
): Promise<TextStart> {
  const chunks = readText(source);
  let text = '';
  try {
    for (;;) {
      const chunk = await chunks.next();
      if (chunk.done) return { text, isWhole: true };
      text += chunk.value;
      if (enough(text)) break;
    }
    // A fault beyond this point is reported by the reader that reaches it.
    const isWhole = await chunks.next().then(
      ({ done }) => done === true,
      () => false,
    );
    return { text, isWhole };
  } finally {
    await chunks.return(undefined);
  }
}

async function* decode(bytes: AsyncIterable<Buffer>, { path, encoding, faults }: TextSource): AsyncGenerator<string> {
  let decoder: Decoder | null = null;
  let name = encoding ?? 'utf-8';
  let before: Buffer = Buffer.alloc(0);
  let lines = 1;
  let endsWithCr = false;
  for await (const chunk of undamaged(bytes, path, () => lines)) {
    if (decoder === null) {
      const mark = encodingOfMark(chunk);
      name = encoding ?? mark ?? 'utf-8';
      decoder = decoderOf(name, faults);
      if (mark !== null && mark !== decoder.encoding) throw markMismatch(path, name, mark);
      if (faults) faults.encoding = name;
    }
    let text: string;
    try {
      text = decoder.decode(chunk);
    } catch {
      throw notDecodable(path, name, lines + faultyLine(name, before, chunk));
    }
    const nul = faults ? -1 : text.indexOf('\0');
    if (nul >= 0) throw notText(path, name, lines + countLines(text.slice(0, nul)));
    yield text;
    // The halves of a CRLF on both sides of a chunk are one line break.
    lines += countLines(text) - (endsWithCr && text.startsWith('\n') ? 1 : 0);
    if (text !== '') endsWithCr = text.endsWith('\r');
    before = chunk;
  }
  try {
    const rest = decoder?.decode(null) ?? '';
    if (rest !== '') yield rest;
  } catch {
    throw notDecodable(path, name, lines);
  }
}

/** Passes chunks through; a damaged compressed file is refused with the line reached. */
async function* undamaged(bytes: AsyncIterable<Buffer>, path: string, line: () => number): AsyncGenerator<Buffer> {
  try {
    yield* bytes;
  } catch (error) {
    if (!(error instanceof DamagedFile)) throw error;
    const { compression: name, message } = error;
    throw new AbpError(
      'invalid_input',
      `${path}, after line ${line()}: expected a whole ${name} file, found damage (${message})`,
      {
        hint: `It is truncated or damaged: create or download it again; \`${name} -t\` checks it.`,
        cause: error,
      },
    );
  }
}

/** Encoding of the byte order mark; null if there is none. */
function encodingOfMark(start: Buffer): string | null {
  if (start[0] === 0xff && start[1] === 0xfe) return 'utf-16le';
  if (start[0] === 0xfe && start[1] === 0xff) return 'utf-16be';
  return start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf ? 'utf-8' : null;
}

/** Counts the line breaks in the chunk before the first undecodable bytes; `before` completes a character split between chunks. */
function faultyLine(encoding: string, before: Buffer, chunk: Buffer): number {
  const lenient = new TextDecoder(encoding);
  lenient.decode(before, { stream: true });
  const text = lenient.decode(chunk, { stream: true });
  return countLines(text.slice(0, Math.max(0, text.indexOf('\uFFFD'))));
}

/** Position after so many lines (LF, CRLF or CR ends one); null if the text has fewer. */
export function endOfLines(text: string, lines: number): number | null {
  const breaks = /\r\n|\n|\r/g;
  for (let left = lines; left > 0; left--) if (!breaks.exec(text)) return null;
  return breaks.lastIndex;
}

/** Counts line breaks: LF, CRLF, or CR alone. */
export function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  for (let at = text.indexOf('\r'); at >= 0; at = text.indexOf('\r', at + 1)) if (text[at + 1] !== '\n') count++;
  return count;
}

function markMismatch(path: string, encoding: string, mark: string): AbpError {
  return new AbpError('invalid_input', `${path}, line 1: expected ${encoding}, found the byte order mark of ${mark}`, {
    hint: 'Omit encoding: the byte order mark defines it.',
  });
}

function notDecodable(path: string, encoding: string, line: number): AbpError {
  return new AbpError('invalid_input', `${path}, line ${line}: ${undecodable(encoding)}`, { hint: ENCODING_HINT });
}

/** NUL characters mean another encoding, or a file that is not text. */
function notText(path: string, encoding: string, line: number): AbpError {
  return new AbpError('invalid_input', `${path}, line ${line}: ${nulFound(encoding)}`, { hint: NUL_HINT });
}

/** Reason for undecodable bytes. */
export function undecodable(encoding: string): string {
  return `expected ${encoding}, found bytes that are not`;
}

/** Reason for a NUL character in a text. */
export function nulFound(encoding: string): string {
  return `expected text in ${encoding}, found a NUL character`;
}

export const ENCODING_HINT =
  'Set encoding to what the file really is ("windows-1252" is usual for exports of older spreadsheets), or fix that line.';
export const NUL_HINT =
  'If it is UTF-16, set encoding to "utf-16le" or "utf-16be"; if it is no text file, choose another enumerator.';

function notAFile(path: string): AbpError {
  return new AbpError('invalid_input', `file_path: expected a file, found a directory or device: ${path}`, {
    hint: 'Give the path of the file itself; for all files of a directory use the enumerator "file".',
  });
}

function toRefusal(path: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (error instanceof AbpError || code === undefined) return error;
  const found = code === 'ENOENT' ? 'nothing' : `one that cannot be read (${code})`;
  return new AbpError('invalid_input', `file_path: expected a file, found ${found}: ${path}`, {
    hint: 'Check the spelling and the permissions; relative paths start at the working directory.',
    cause: error,
  });
}
