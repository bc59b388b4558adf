import { addAbortSignal, pipeline, type Readable } from 'node:stream';
import type { Options } from 'csv-parse';
import { z } from 'zod';
import type { EnumeratedItem, EnumerationContext, Enumerator } from '../domain/enumerator.ts';
import { AbpError } from '../domain/error.ts';
import { didYouMean } from '../domain/nearest.ts';
import { delimiterLine, detectDelimiter } from './reading/delimiter.ts';
import { encodingField, limitField, onDuplicateField } from './reading/fields.ts';
import { absolutePath, sensitivePowers } from './reading/paths.ts';
import { MAX_ITEM_LENGTH, ROW_WARNINGS, rowPayload, uniqueNames } from './reading/rows.ts';
import { readStart, readText } from './reading/text.ts';
import { refuseWhenAborted } from './reading/turns.ts';
import { countWarnings, type WarningCounter } from './reading/warnings.ts';

const configSchema = z.strictObject({
  file_path: z
    .string()
    .min(1)
    .describe('The CSV file; may be gzipped. `~` and paths relative to the working directory are resolved.'),
  delimiter: z
    .string()
    .min(1)
    .max(8)
    .refine((delimiter) => !/["\r\n]/.test(delimiter), { error: 'expected no quote and no line break in a delimiter' })
    .optional()
    .describe('Between fields; "tab" for a tab. Left out: what a first line "sep=;" says, or detected among , ; tab |'),
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
  on_duplicate: onDuplicateField,
  limit: limitField,
});

type CsvConfig = z.infer<typeof configSchema>;

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
  const warnings = countWarnings(context.warn, ROW_WARNINGS);
  const rows = rowReader(config, warnings);
  try {
    for await (const item of await parse(config, rows, context.signal)) yield item as EnumeratedItem;
    rows.refuseWithoutHeader();
  } catch (error) {
    refuseWhenAborted(context.signal);
    throw rows.refusal(error);
  } finally {
    warnings.report();
  }
}

/** The items as csv-parse gives them: its records pass through `rows` before they are queued. */
async function parse(config: CsvConfig, rows: RowReader, signal: AbortSignal | undefined): Promise<Readable> {
  const csv = await import('csv-parse');
  const source = { path: config.file_path, encoding: config.encoding };
  const start = await readStart(source);
  const wanted = delimiterOf(config.delimiter);
  const told = delimiterLine(start);
  // What the config says counts: where it is another one, that line is a row like any other.
  const skipped = told && (wanted ?? told.delimiter) === told.delimiter ? told.length : 0;
  if (skipped > 0) rows.skipLine();
  const parser = csv.parse({
    delimiter: wanted ?? told?.delimiter ?? detectDelimiter(start),
    record_delimiter: ['\r\n', '\n', '\r'],
    // Judged by `rows`, which knows the line on which a row starts.
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_ITEM_LENGTH,
    // Rows behind the limit are not read, so a fault in them does not matter.
    ...(config.limit === undefined ? {} : { to: config.limit + (config.has_header ? 1 : 0) }),
    // The types know records as arrays only; what is returned here is queued as it is.
    on_record: rows.read as unknown as NonNullable<Options['on_record']>,
  });
  if (signal) addAbortSignal(signal, parser);
  // An error reaches the reader of the parser; a reader that stops early ends the source.
  return pipeline(behind(readText(source), skipped), parser, () => {});
}

/** A text without so many characters at its beginning. */
async function* behind(chunks: AsyncIterable<string>, length: number): AsyncGenerator<string> {
  let left = length;
  for await (const chunk of chunks) {
    yield chunk.slice(left);
    left = Math.max(0, left - chunk.length);
  }
}

const NAMED_DELIMITERS: Readonly<Record<string, string>> = { tab: '\t', '\\t': '\t' };

function delimiterOf(given: string | undefined): string | undefined {
  return given === undefined ? undefined : (NAMED_DELIMITERS[given] ?? given);
}

/** What csv-parse tells with a record. */
interface RecordInfo {
  readonly lines: number;
  readonly empty_lines: number;
}

type RowReader = ReturnType<typeof rowReader>;

/** Turns records into items, in order: the header first, then a check and a payload for each row. */
function rowReader(config: CsvConfig, warnings: WarningCounter) {
  const path = config.file_path;
  let names: readonly string[] | null = null;
  let payloadOf: ReturnType<typeof rowPayload> = () => ({});
  let idAt = -1;
  let index = 0;
  /** Line on which the next record starts, if no empty line comes before it; csv-parse counts a quoted CRLF twice. */
  let line = 1;
  let seen: RecordInfo = { lines: 0, empty_lines: 0 };

  return {
    /** The first line is no row. */
    skipLine(): void {
      line++;
    },

    read(fields: readonly string[], info: RecordInfo): EnumeratedItem | null {
      const start = line + info.empty_lines - seen.empty_lines;
      const oneLine = info.lines - seen.lines - (info.empty_lines - seen.empty_lines) === 1;
      line =
        start + 1 + (oneLine ? 0 : fields.reduce((sum, field) => sum + (field.match(LINE_BREAKS)?.length ?? 0), 0));
      seen = { lines: info.lines, empty_lines: info.empty_lines };
      if (names === null) {
        names = takeNames(fields, start);
        if (config.has_header) return null;
      }
      if (fields.length !== names.length)
        throw refuse(start, `expected ${names.length} fields, found ${fields.length}`, RAGGED);
      return item(fields, start);
    },

    /** A source without even a header says nothing about its columns. */
    refuseWithoutHeader(): void {
      if (names === null && config.has_header) throw refuse(1, 'expected a row of column names, found an empty file');
    },

    /** Errors of csv-parse as AbpErrors with their line; others as they are. */
    refusal(error: unknown): unknown {
      const code = (error as { code?: unknown }).code;
      if (error instanceof AbpError || typeof code !== 'string') return error;
      const message = PARSE_ERRORS[code];
      if (message === undefined) return error;
      const empty = (error as Partial<RecordInfo>).empty_lines ?? seen.empty_lines;
      return refuse(line + empty - seen.empty_lines, message, QUOTES);
    },
  };

  function takeNames(first: readonly string[], start: number): readonly string[] {
    const count = first.length;
    if (config.columns && config.columns.length !== count) {
      throw refuse(start, `expected ${config.columns.length} fields (as many as columns), found ${count}`, RAGGED);
    }
    const taken =
      config.columns ?? (config.has_header ? uniqueNames(first, warnings) : first.map((_, at) => `column_${at + 1}`));
    payloadOf = rowPayload(taken);
    if (config.id_column !== undefined) {
      idAt = taken.indexOf(config.id_column);
      if (idAt < 0) throw unknownColumn(config.id_column, taken);
    }
    return taken;
  }

  function item(fields: readonly string[], start: number): EnumeratedItem {
    const place = `line ${start}`;
    const row = index++;
    if (idAt < 0) return { place, payload: payloadOf(fields, row, String(row)) };
    const key = fields[idAt] ?? '';
    if (key === '')
      throw refuse(start, `expected a value in id_column ${JSON.stringify(config.id_column)}, found none`);
    return { key, place, payload: payloadOf(fields, row, key) };
  }

  function refuse(at: number, message: string, hint = 'Fix that line, or leave the row out.'): AbpError {
    return new AbpError('invalid_input', `${path}, line ${at}: ${message}`, { hint });
  }

  function unknownColumn(id: string, known: readonly string[]): AbpError {
    const message = `id_column: expected a column of ${path}, found ${JSON.stringify(id)}.${didYouMean(id, known)}`;
    return new AbpError('invalid_input', message, {
      hint: `Columns: ${known.map((name) => JSON.stringify(name)).join(', ')}.`,
    });
  }
}

const LINE_BREAKS = /\r\n|\n|\r/g;
const RAGGED = 'A delimiter inside a field needs quotes around the field; the delimiter can be set in the config.';
const QUOTES = 'Quotes inside a quoted field are written twice; a field with quotes must be quoted as a whole.';
const PARSE_ERRORS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'expected a closing quote, found the end of the file',
  CSV_INVALID_CLOSING_QUOTE: 'expected a delimiter behind a closing quote, found text',
  INVALID_OPENING_QUOTE: 'expected no quote inside a field without quotes, found one',
  CSV_MAX_RECORD_SIZE: `expected a row of at most ${MAX_ITEM_LENGTH} bytes, found a longer one`,
};
