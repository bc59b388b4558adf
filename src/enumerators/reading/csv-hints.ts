import type { CsvConfig } from '../csv.ts';
import { MAX_ITEM_LENGTH } from './rows.ts';

/** Faults of csv-parse, by code, as what was expected and found. */
export const FAULTS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'expected a closing quote, found the end of the file',
  CSV_INVALID_CLOSING_QUOTE: 'expected a delimiter behind a closing quote, found text',
  CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE: 'expected a delimiter behind a closing quote, found text',
  INVALID_OPENING_QUOTE: 'expected no quote inside a field without quotes, found one',
  CSV_MAX_RECORD_SIZE: `expected a row of at most ${MAX_ITEM_LENGTH} bytes, found a longer one`,
};

/** With what comments begin, in files of others. */
const COMMENT = /^\s*(#|\/\/|%|--|;|!)/;

/**
 * The settings that would read a ragged row, those first that its looks suggest. `start`: its line, if the header may not
 * be the first line of the file; null = it is.
 */
export function raggedHint(
  { comment, has_header }: CsvConfig,
  names: readonly string[],
  fields: readonly string[],
  start: number | null,
): string {
  const marked = comment === undefined ? (COMMENT.exec(names[0] ?? '') ?? COMMENT.exec(fields[0] ?? '')) : null;
  const isBlank = fields.length === 1 && fields[0]?.trim() === '';
  const isTitled = has_header && start !== null && start > 1 && fields.length > names.length;
  return [
    ...(marked ? [`comment: ${JSON.stringify(marked[1])} leaves out lines that begin with it.`] : []),
    ...(isTitled ? [`skip_lines: ${start - 1} leaves out the lines before this one, if it is the header.`] : []),
    ...(isBlank ? ['trim: true takes a line of spaces as an empty one.'] : []),
    'A delimiter inside a field needs quotes around the field; delimiter sets another one.',
    'ragged_rows: "pad" fills short rows up, "skip" leaves ragged ones out.',
  ].join(' ');
}

/** The settings for quotes that are written in another way. */
export function quotesHint(config: CsvConfig): string {
  return [
    'Quotes inside a quoted field are written twice; a field with quotes must be quoted as a whole.',
    'quote: "none" takes all quotes as text (inch marks), relax_quotes: true those inside a field without quotes.',
    ...(config.escape === undefined ? ['escape: "\\\\" reads quotes behind a backslash.'] : []),
  ].join(' ');
}
