import { type LongCell, MOST_CHARACTERS } from '../domain/export-format.ts';
import { firstSeen } from '../domain/unseen-characters.ts';
import type { Cell, ExportFormat } from './format.ts';

/** First characters that make a spreadsheet read a text as a formula. */
const FORMULA = new Set(['=', '+', '-', '@']);
/** Some spreadsheets accept a formula after these. */
const BREAK_START = /^[\t\r\n]/;
/** Matches numbers, amounts of money and phone numbers: evaluating them is harmless. */
const NUMBER_OR_PHONE = /^ *[+-][\d\s().,/\-\p{Sc}]+(?:[eE][+-]?\d+|(?:ext\.?|x) ?\d+)?%?$/iu;
const SHOWN_LONG_CELLS = 5;
/** Delimiters quoted in a header, since readers detect the delimiter there. */
const OTHER_DELIMITERS = /[,;\t|]/;

/** CSV by RFC 4180 with `\n` line ends, UTF-8 without BOM. Text that a spreadsheet would run gets an apostrophe in front. */
export const csvFormat = separated({
  type: 'csv',
  description: 'a table with a header; nested values flattened to columns',
  delimiter: ',',
  needsQuotes: /[",\r\n]|^\s|\s$/,
});

/** The same with tabs, also quoted: as spreadsheets and ABP's csv source read it. */
export const tsvFormat = separated({
  type: 'tsv',
  description: 'the same with tabs between the columns',
  delimiter: '\t',
  needsQuotes: /["\t\r\n]|^\s|\s$/,
});

function separated({
  delimiter,
  needsQuotes,
  ...format
}: Omit<ExportFormat, 'tabular' | 'open'> & {
  readonly delimiter: string;
  readonly needsQuotes: RegExp;
}): ExportFormat {
  const quoted = (text: string, isHeader: boolean) =>
    needsQuotes.test(text) || (isHeader && OTHER_DELIMITERS.test(text)) ? `"${text.replaceAll('"', '""')}"` : text;
  return {
    ...format,
    tabular: true,
    open: ({ raw }) => {
      let guarded = 0;
      let withoutNul = 0;
      let long = 0;
      const first: LongCell[] = [];
      let headers: readonly string[] = [];
      const text = (cell: string): string => {
        // No reader accepts a NUL in a table, nor does ABP's own.
        const clean = cell.replaceAll('\0', '');
        if (clean !== cell) withoutNul += 1;
        if (raw || !isFormula(clean)) return clean;
        guarded += 1;
        return `'${clean}`;
      };
      const written = (cell: Cell, column: number, unit: number | null): string => {
        if (cell === undefined || cell === null) return '';
        if (typeof cell !== 'string' && typeof cell !== 'object') return String(cell);
        const whole = typeof cell === 'string' ? text(cell) : JSON.stringify(cell);
        if (whole.length > MOST_CHARACTERS) {
          long += 1;
          const place = { unit, column: headers[column] ?? '', characters: whole.length };
          if (first.length < SHOWN_LONG_CELLS) first.push(place);
        }
        return quoted(whole, unit === null);
      };
      // An empty line would not be read as a row.
      const line = (cells: readonly Cell[], unit: number | null) =>
        `${cells.map((cell, column) => written(cell, column, unit)).join(delimiter) || '""'}\n`;
      return {
        begin: (names) => {
          headers = names;
          return line(names, null);
        },
        cells: line,
        whole: () => '',
        end: () => '',
        notes: () => ({
          guarded,
          ...(withoutNul > 0 ? { nul_left_out: withoutNul } : {}),
          ...(long > 0 ? { long_cells: { count: long, first } } : {}),
        }),
      };
    },
  };
}

/** Tells whether a spreadsheet would run a text; unseen characters before the first visible one hide nothing. */
function isFormula(text: string): boolean {
  // Full-width and small forms count in some locales.
  if (!BREAK_START.test(text) && !FORMULA.has(firstSeen(text).normalize('NFKC'))) return false;
  return !(NUMBER_OR_PHONE.test(text) && /\d/.test(text));
}
