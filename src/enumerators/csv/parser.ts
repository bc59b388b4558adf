import { addAbortSignal, pipeline, type Readable } from 'node:stream';
import type { Options } from 'csv-parse';
import { MAX_ITEM_LENGTH } from '../reading/rows.ts';
import { endOfLines, type TextStart } from '../reading/text.ts';
import { type CsvConfig, delimiterOf, NO_QUOTE } from './config.ts';
import { delimiterLine, detectDelimiter } from './detect-delimiter.ts';
import type { CsvRows } from './rows.ts';

/** So much text behind the lines to skip is enough to detect a delimiter. */
export const LOOKED_AT = 4096;

/** What the start of a file says: the delimiter, and how much of it is no row: lines to skip, and one that tells a delimiter. */
export interface CsvBeginning {
  readonly delimiter: string;
  readonly characters: number;
  readonly lines: number;
}

/** Judges the start of a file. */
export function beginningOf({ delimiter, quote, comment, skip_lines }: CsvConfig, start: TextStart): CsvBeginning {
  const wanted = delimiterOf(delimiter);
  const end = endOfLines(start.text, skip_lines) ?? start.text.length;
  const rest = { ...start, text: start.text.slice(end) };
  const told = delimiterLine(rest);
  // What the config says counts: where it is another one, that line is a row like any other.
  const isTold = told !== null && (wanted ?? told.delimiter) === told.delimiter;
  return {
    delimiter: wanted ?? (told ?? delimiterLine(start))?.delimiter ?? detectDelimiter(rest, { quote, comment }),
    characters: end + (isTold ? told.length : 0),
    lines: skip_lines + (isTold ? 1 : 0),
  };
}

/** The items as csv-parse gives them: its records pass through `rows` before they are queued. */
export async function recordsOf(
  config: CsvConfig,
  { delimiter, characters, lines }: CsvBeginning,
  text: AsyncIterable<string>,
  rows: CsvRows,
  signal?: AbortSignal,
): Promise<Readable> {
  const csv = await import('csv-parse');
  const quote = config.quote === NO_QUOTE ? null : config.quote;
  rows.skipLines(lines);
  const parser = csv.parse({
    delimiter,
    quote,
    escape: config.escape ?? quote,
    relax_quotes: config.relax_quotes,
    comment: config.comment ?? null,
    // A field may hold the mark: only whole lines are comments.
    comment_no_infix: true,
    trim: config.trim,
    record_delimiter: ['\r\n', '\n', '\r'],
    // Judged by `rows`, which knows the line on which a row starts.
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_ITEM_LENGTH,
    // `rows` decides which of them end the source.
    skip_records_with_error: true,
    on_skip: rows.fault.bind(rows) as unknown as NonNullable<Options['on_skip']>,
    // The types know records as arrays only; what is returned here is queued as it is.
    on_record: rows.read.bind(rows) as unknown as NonNullable<Options['on_record']>,
  });
  if (signal) addAbortSignal(signal, parser);
  // An error reaches the reader of the parser; a reader that stops early ends the source.
  return pipeline(behind(text, characters, rows), parser, () => {});
}

/** A text without so many characters at its beginning; no more of it once no more rows are wanted. */
async function* behind(chunks: AsyncIterable<string>, length: number, rows: CsvRows): AsyncGenerator<string> {
  let left = length;
  for await (const chunk of chunks) {
    if (rows.isDone()) return;
    if (chunk.length > left) yield rows.take(left === 0 ? chunk : chunk.slice(left));
    left = Math.max(0, left - chunk.length);
  }
}
