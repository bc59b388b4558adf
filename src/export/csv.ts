import { firstSeen } from '../domain/unseen-characters.ts';
import type { Cell, ExportFormat, LongCell } from './format.ts';

/** What makes a spreadsheet take a text for a formula. */
const FORMULA = new Set(['=', '+', '-', '@']);
/** Some spreadsheets let a formula begin behind them. */
const BREAK_START = /^[\t\r\n]/;
/** Digits with what stands in numbers, amounts of money and phone numbers: evaluated or not, it does nothing. */
const NUMBER_OR_PHONE = /^ *[+-][\d\s().,/\-\p{Sc}]+(?:[eE][+-]?\d+|(?:ext\.?|x) ?\d+)?%?$/iu;
/** A cell holds no more in Excel, which cuts or refuses the rest: https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3 */
export const MOST_CHARACTERS = 32_767;
const SHOWN_LONG_CELLS = 5;
/** Readers that detect the delimiter look at the header: in quotes none of these is one. */
const OTHER_DELIMITERS = /[,;\t|]/;

/** RFC 4180 with `\n` line ends, UTF-8 without a mark. Text that a spreadsheet would run gets an apostrophe before it. */
export const csvFormat = separated({
  type: 'csv',
  extension: '.csv',
  mediaType: 'text/csv; charset=utf-8',
  description: 'a table with a header; nested values flattened to columns',
  delimiter: ',',
  needsQuotes: /[",\r\n]|^\s|\s$/,
});

/** The same with tabs: quotes and all, as spreadsheets and ABP's own csv source read it. */
export const tsvFormat = separated({
  type: 'tsv',
  extension: '.tsv',
  mediaType: 'text/tab-separated-values; charset=utf-8',
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
        // No reader takes a NUL in a table, ABP's own neither.
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
      // A line that is empty would be taken for no row at all.
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

/** Whether a spreadsheet would run a text: what is not seen before its first character hides nothing. */
function isFormula(text: string): boolean {
  // The full-width and small forms count in some locales.
  if (!BREAK_START.test(text) && !FORMULA.has(firstSeen(text).normalize('NFKC'))) return false;
  return !(NUMBER_OR_PHONE.test(text) && /\d/.test(text));
}
