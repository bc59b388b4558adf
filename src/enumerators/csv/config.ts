import { z } from 'zod';
import { encodingField, limitField, offsetField, onDuplicateField, onInvalidField } from '../reading/fields.ts';

/** Value of `quote` that turns quoting off: quotes are text like any other character. */
export const NO_QUOTE = 'none';

const mark = z
  .string()
  .min(1)
  .max(8)
  .refine((text) => !/[\r\n]/.test(text), { error: 'expected no line break' });
const oneCharacter = z.string().regex(/^[^\r\n]$/u, { error: 'expected one character' });

export const csvConfigSchema = z
  .strictObject({
    file_path: z.string().min(1).describe('The CSV file; may be compressed (gzip, zstd).'),
    delimiter: mark
      .optional()
      .describe(
        'Between fields; "tab" for a tab. Default: taken from a first line "sep=;", or detected among , ; tab |',
      ),
    has_header: z.boolean().default(true).describe('The first row holds the names of the columns.'),
    columns: z
      .array(z.string().min(1))
      .min(1)
      .refine((names) => new Set(names).size === names.length, { error: 'expected names that differ from each other' })
      .optional()
      .describe('Names of the columns, instead of a header.'),
    encoding: encodingField,
    id_column: z
      .string()
      .min(1)
      .optional()
      .describe("The column whose value is the item's key. Default: the row's number."),
    quote: z
      .string()
      .regex(/^(?:none|[^\r\n])$/u, { error: 'expected one character, or "none"' })
      .default('"')
      .describe('Around a field; "none" if quotes are text (inch marks).'),
    relax_quotes: z.boolean().default(false).describe('Quotes inside an unquoted field are text.'),
    escape: oneCharacter
      .optional()
      .describe('Before a quote in a quoted field (a backslash). Default: quotes are written twice.'),
    comment: mark.optional().describe('Lines that begin with it are skipped ("#").'),
    skip_lines: z.int().min(0).max(1_000_000).default(0).describe('Lines above the header to skip.'),
    trim: z.boolean().default(false).describe('Remove white space around fields and names.'),
    ragged_rows: z
      .enum(['refuse', 'pad', 'skip'])
      .default('refuse')
      .describe(
        'Rows with more or fewer fields than columns: invalid (refuse), padded (pad; drops surplus empty fields), or skipped and listed (skip).',
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

/** Config of the CSV enumerator. */
export type CsvConfig = z.infer<typeof csvConfigSchema>;

const NAMED_DELIMITERS: Readonly<Record<string, string>> = { tab: '\t', '\\t': '\t' };

/** The delimiter of a config, which may be given by name (`tab`). */
export function delimiterOf(given: string | undefined): string | undefined {
  return given === undefined ? undefined : (NAMED_DELIMITERS[given] ?? given);
}
