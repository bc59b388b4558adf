import { addAbortSignal, pipeline, type Readable } from 'node:stream';
import type { Options } from 'csv-parse';
import { MAX_ITEM_LENGTH } from '../reading/rows.ts';
import { endOfLines, type TextStart } from '../reading/text.ts';
import { type CsvConfig, delimiterOf, NO_QUOTE } from './config.ts';
import { detectDelimiter, readSepLine } from './detect-delimiter.ts';
import type { CsvRows } from './rows.ts';

/** Characters after the skipped lines that suffice to detect a delimiter. */
export const DETECTION_CHARACTERS = 4096;

/** Beginning of a CSV file: the delimiter, and the size (in characters and lines) of what precedes the first row. */
export interface CsvBeginning {
  readonly delimiter: string;
  readonly characters: number;
  readonly lines: number;
}

/** Detects delimiter and start of the rows from the config and the start of the file. */
export function detectBeginning({ delimiter, quote, comment, skip_lines }: CsvConfig, start: TextStart): CsvBeginning {
  const wanted = delimiterOf(delimiter);
  const end = endOfLines(start.text, skip_lines) ?? start.text.length;
  const rest = { ...start, text: start.text.slice(end) };
  const declared = readSepLine(rest);
  // The config wins: if it names another delimiter, the `sep=` line is a row like any other.
  const isDeclared = declared !== null && (wanted ?? declared.delimiter) === declared.delimiter;
  return {
    delimiter: wanted ?? (declared ?? readSepLine(start))?.delimiter ?? detectDelimiter(rest, { quote, comment }),
    characters: end + (isDeclared ? declared.length : 0),
    lines: skip_lines + (isDeclared ? 1 : 0),
  };
}

/**
 * Streams the items of a text: csv-parse records pass through `rows` before they are queued. Throws RefusedRow and the
 * errors of `text`.
 */
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
    // A field may contain the mark: only whole lines are comments.
    comment_no_infix: true,
    trim: config.trim,
    record_delimiter: ['\r\n', '\n', '\r'],
    // Checked by `rows`, which knows the line on which a row starts.
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_ITEM_LENGTH,
    // `rows` decides which errors end the source.
    skip_records_with_error: true,
    on_skip: rows.fault.bind(rows) as unknown as NonNullable<Options['on_skip']>,
    // The types allow arrays only; the returned item is queued unchanged.
    on_record: rows.read.bind(rows) as unknown as NonNullable<Options['on_record']>,
  });
  if (signal) addAbortSignal(signal, parser);
  // Errors reach the reader of the parser; a reader that stops early ends the source.
  return pipeline(withoutBeginning(text, characters, rows), parser, () => {});
}

/** Drops the first `length` characters of a text, and ends it when no more rows are wanted. */
async function* withoutBeginning(chunks: AsyncIterable<string>, length: number, rows: CsvRows): AsyncGenerator<string> {
  let left = length;
  for await (const chunk of chunks) {
    if (rows.isDone()) return;
    if (chunk.length > left) yield rows.prepare(left === 0 ? chunk : chunk.slice(left));
    left = Math.max(0, left - chunk.length);
  }
}
