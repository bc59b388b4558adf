import { AbpError } from '../../domain/error.ts';
import { DamagedFile, openBytes } from './bytes.ts';
import { type Decoder, decoderOf, type TextFaults } from './decoder.ts';

/** Which text to read. */
export interface TextSource {
  /** Absolute. */
  readonly path: string;
  /** WHATWG name; absent = UTF-8, or what a byte order mark says. */
  readonly encoding: string | undefined;
  /** Who judges the records that hold NUL characters, or marks for bytes that do not decode (hasUndecodable). Absent: such
   * a text is refused. */
  readonly faults?: TextFaults;
}

/**
 * The text of a file, chunk by chunk: decompressed, decoded strictly, without byte order mark. AbpError `invalid_input` when
 * there is no such file, it cannot be read, or it is damaged or does not fit the encoding (with line).
 */
export async function* readText(source: TextSource): AsyncGenerator<string> {
  try {
    const bytes = await openBytes(source.path);
    if (bytes === null) throw notAFile(source.path);
    yield* decode(bytes, source);
  } catch (error) {
    throw refusal(source.path, error);
  }
}

/** The beginning of a text, and whether that is all there is. */
export interface TextStart {
  readonly text: string;
  readonly isWhole: boolean;
}

/** The beginning of a file's text, for looking before reading: its first chunk, and more while that is not `enough`. */
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
    // A fault behind what is looked at is told by who reads so far.
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
  for await (const chunk of whole(bytes, path, () => lines)) {
    if (decoder === null) {
      const mark = encodingOfMark(chunk);
      name = encoding ?? mark ?? 'utf-8';
      decoder = decoderOf(name, faults);
      if (mark !== null && mark !== decoder.encoding) throw otherMark(path, name, mark);
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

/** The chunks of a file; where a compressed one is damaged, it is refused with the line that its text had reached. */
async function* whole(bytes: AsyncIterable<Buffer>, path: string, line: () => number): AsyncGenerator<Buffer> {
  try {
    yield* bytes;
  } catch (error) {
    if (!(error instanceof DamagedFile)) throw error;
    const { compression: name, message } = error;
    throw new AbpError(
      'invalid_input',
      `${path}, behind line ${line()}: expected a whole ${name} file, found damage (${message})`,
      {
        hint: `It is cut off or damaged: make or download it again; \`${name} -t\` checks it.`,
        cause: error,
      },
    );
  }
}

/** What a byte order mark says; null where there is none. */
function encodingOfMark(start: Buffer): string | null {
  if (start[0] === 0xff && start[1] === 0xfe) return 'utf-16le';
  if (start[0] === 0xfe && start[1] === 0xff) return 'utf-16be';
  return start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf ? 'utf-8' : null;
}

/** Line breaks in the chunk before the first bytes that do not decode; `before` is there for what a chunk cuts through. */
function faultyLine(encoding: string, before: Buffer, chunk: Buffer): number {
  const lenient = new TextDecoder(encoding);
  lenient.decode(before, { stream: true });
  const text = lenient.decode(chunk, { stream: true });
  return countLines(text.slice(0, Math.max(0, text.indexOf('\uFFFD'))));
}

/** Where a text goes on behind so many lines: LF, CRLF, or CR alone ends one. Null when it has fewer. */
export function endOfLines(text: string, lines: number): number | null {
  const breaks = /\r\n|\n|\r/g;
  for (let left = lines; left > 0; left--) if (!breaks.exec(text)) return null;
  return breaks.lastIndex;
}

/** Line breaks in a text: LF, CRLF, or CR alone. */
export function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  for (let at = text.indexOf('\r'); at >= 0; at = text.indexOf('\r', at + 1)) if (text[at + 1] !== '\n') count++;
  return count;
}

function otherMark(path: string, encoding: string, mark: string): AbpError {
  return new AbpError('invalid_input', `${path}, line 1: expected ${encoding}, found the byte order mark of ${mark}`, {
    hint: 'Leave encoding out: the mark tells what the file is.',
  });
}

function notDecodable(path: string, encoding: string, line: number): AbpError {
  return new AbpError('invalid_input', `${path}, line ${line}: ${undecodable(encoding)}`, { hint: ENCODING_HINT });
}

/** No text has such characters: it is another encoding, or no text at all. */
function notText(path: string, encoding: string, line: number): AbpError {
  return new AbpError('invalid_input', `${path}, line ${line}: ${nulFound(encoding)}`, { hint: NUL_HINT });
}

/** What is wrong with bytes that do not decode. */
export function undecodable(encoding: string): string {
  return `expected ${encoding}, found bytes that are not`;
}

/** What is wrong with a text that has a NUL character. */
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

function refusal(path: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (error instanceof AbpError || code === undefined) return error;
  const found = code === 'ENOENT' ? 'nothing' : `one that cannot be read (${code})`;
  return new AbpError('invalid_input', `file_path: expected a file, found ${found}: ${path}`, {
    hint: 'Check the spelling and the permissions; relative paths start at the working directory.',
    cause: error,
  });
}
