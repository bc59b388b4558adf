import { addAbortSignal, pipeline, type Readable } from 'node:stream';
import type { Options } from 'csv-parse';
import { z } from 'zod';
import type { EnumeratedItem, EnumerationContext, Enumerator } from '../domain/enumerator.ts';
import { type CsvRows, csvRows } from './reading/csv-rows.ts';
import { CSV_WARNINGS } from './reading/csv-warnings.ts';
import { delimiterLine, detectDelimiter } from './reading/delimiter.ts';
import { encodingField, limitField, offsetField, onDuplicateField, onInvalidField } from './reading/fields.ts';
import { absolutePath, sensitivePowers } from './reading/paths.ts';
import { MAX_ITEM_LENGTH } from './reading/rows.ts';
import { endOfLines, readStart, readText, type TextSource } from './reading/text.ts';
import { refuseWhenAborted } from './reading/turns.ts';
import { countWarnings } from './reading/warnings.ts';

/** Quotes are text like any other. */
const NO_QUOTE = 'none';

const mark = z
  .string()
  .min(1)
  .max(8)
  .refine((text) => !/[\r\n]/.test(text), { error: 'expected no line break' });
const oneCharacter = z.string().regex(/^[^\r\n]$/u, { error: 'expected one character' });

const configSchema = z
  .strictObject({
    file_path: z.string().min(1).describe('The CSV file; may be compressed (gzip, zstd).'),
    delimiter: mark
      .optional()
      .describe(
        'Between fields; "tab" for a tab. Left out: what a first line "sep=;" says, or detected among , ; tab |',
      ),
    has_header: z.boolean().default(true).describe('Whether the first row holds the names of the columns.'),
    columns: z
      .array(z.string().min(1))
      .min(1)
      .refine((names) => new Set(names).size === names.length, { error: 'expected names that differ from each other' })
      .optional()
      .describe('Names of the columns, where there is no header or instead of it.'),
    encoding: encodingField,
    id_column: z
      .string()
      .min(1)
      .optional()
      .describe("The column whose value is the item's key. Left out: the row's number."),
    quote: z
      .string()
      .regex(/^(?:none|[^\r\n])$/u, { error: 'expected one character, or "none"' })
      .default('"')
      .describe('Around a field; "none" where quotes are text (inch marks).'),
    relax_quotes: z.boolean().default(false).describe('Quotes inside a bare field are text.'),
    escape: oneCharacter
      .optional()
      .describe('Before a quote in a quoted field (a backslash). Left out: quotes are written twice.'),
    comment: mark.optional().describe('Lines that begin with it are left out ("#").'),
    skip_lines: z.int().min(0).max(1_000_000).default(0).describe('Lines above the header to leave out.'),
    trim: z.boolean().default(false).describe('Remove white space around fields and names.'),
    ragged_rows: z
      .enum(['refuse', 'pad', 'skip'])
      .default('refuse')
      .describe(
        'Rows with more or fewer fields than columns: invalid (refuse), filled up (pad; drops empty fields too many), or left out and listed (skip).',
      ),
    on_duplicate: onDuplicateField,
    on_invalid: onInvalidField,
    offset: offsetField,
    limit: limitField,
  })
  .refine(({ delimiter, quote }) => quote === NO_QUOTE || delimiter?.includes(quote) !== true, {
    path: ['delimiter'],
    error: 'expected no quote in it',
  })
  .refine(
    ({ comment, delimiter, quote }) =>
      ![quote, delimiterOf(delimiter)].some(
        (mark) => mark !== undefined && mark !== '' && comment?.startsWith(mark) === true,
      ),
    {
      path: ['comment'],
      error: 'expected it to begin with neither the quote nor the delimiter',
    },
  )
  .refine((config) => config.escape === undefined || config.quote !== NO_QUOTE, {
    path: ['escape'],
    error: 'expected none with quote "none", where nothing is quoted',
  });

/** Settings of a CSV file. */
export type CsvConfig = z.infer<typeof configSchema>;

/** Every row of a CSV file; all values are text. */
export const csvEnumerator: Enumerator<CsvConfig> = {
  type: 'csv',
  description:
    'Rows of a CSV file. Fields: the columns, as text, and _row_index (from 0) and _id (the key), unless columns have those names.',
  configSchema,
  example: { file_path: '~/data/customers.csv', id_column: 'customer_id' },
  resolve: (config, { workingDirectory }) => ({
    ...config,
    file_path: absolutePath(config.file_path, workingDirectory),
  }),
  root: ({ file_path }) => file_path,
  powers: ({ file_path }, bounds) => sensitivePowers(file_path, bounds),
  enumerate,
};

async function* enumerate(given: CsvConfig, context: EnumerationContext): AsyncGenerator<EnumeratedItem> {
  const config = csvEnumerator.resolve(given, context);
  const warnings = countWarnings(context.warn, CSV_WARNINGS);
  const rows = csvRows(config, warnings, context);
  let left = config.limit ?? Number.POSITIVE_INFINITY;
  try {
    for await (const item of await parse(config, rows, context.signal)) {
      yield item as EnumeratedItem;
      if (--left === 0) return;
    }
    rows.refuseWithoutHeader();
  } catch (error) {
    refuseWhenAborted(context.signal);
    throw error;
  } finally {
    warnings.report();
  }
}

/** The items as csv-parse gives them: its records pass through `rows` before they are queued. */
async function parse(config: CsvConfig, rows: CsvRows, signal: AbortSignal | undefined): Promise<Readable> {
  const csv = await import('csv-parse');
  const keepsNul = config.on_invalid === 'skip';
  const source: TextSource = { path: config.file_path, encoding: config.encoding, keepsNul };
  const { delimiter, skipped } = await beginning(config, source, rows);
  const quote = config.quote === NO_QUOTE ? null : config.quote;
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
    on_skip: rows.fault as unknown as NonNullable<Options['on_skip']>,
    // The types know records as arrays only; what is returned here is queued as it is.
    on_record: rows.read as unknown as NonNullable<Options['on_record']>,
  });
  if (signal) addAbortSignal(signal, parser);
  // An error reaches the reader of the parser; a reader that stops early ends the source.
  return pipeline(behind(readText(source), skipped, rows), parser, () => {});
}

/** The delimiter, and how many characters before the first row are none: lines to skip, and the one that tells a delimiter. */
async function beginning(
  { delimiter, quote, comment, skip_lines }: CsvConfig,
  source: TextSource,
  rows: CsvRows,
): Promise<{ readonly delimiter: string; readonly skipped: number }> {
  const enough = (text: string) => text.length - (endOfLines(text, skip_lines) ?? text.length) >= LOOKED_AT;
  const start = await readStart(source, enough);
  const wanted = delimiterOf(delimiter);
  const end = endOfLines(start.text, skip_lines) ?? start.text.length;
  const rest = { ...start, text: start.text.slice(end) };
  const told = delimiterLine(rest);
  // What the config says counts: where it is another one, that line is a row like any other.
  const isTold = told !== null && (wanted ?? told.delimiter) === told.delimiter;
  rows.skipLines(skip_lines + (isTold ? 1 : 0));
  return {
    delimiter: wanted ?? (told ?? delimiterLine(start))?.delimiter ?? detectDelimiter(rest, { quote, comment }),
    skipped: end + (isTold ? told.length : 0),
  };
}

/** So much text is enough to detect a delimiter. */
const LOOKED_AT = 4096;

/** A text without so many characters at its beginning; no more of it once no more rows are wanted. */
async function* behind(chunks: AsyncIterable<string>, length: number, rows: CsvRows): AsyncGenerator<string> {
  let left = length;
  for await (const chunk of chunks) {
    if (rows.isDone()) return;
    if (chunk.length > left) yield left === 0 ? chunk : chunk.slice(left);
    left = Math.max(0, left - chunk.length);
  }
}

const NAMED_DELIMITERS: Readonly<Record<string, string>> = { tab: '\t', '\\t': '\t' };

function delimiterOf(given: string | undefined): string | undefined {
  return given === undefined ? undefined : (NAMED_DELIMITERS[given] ?? given);
}
