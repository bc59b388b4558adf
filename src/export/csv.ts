import type { Cell, ExportFormat } from './format.ts';

/** What a spreadsheet takes for a formula (the full-width forms in some locales), also after spaces, which some trim. */
const FORMULA_START = /^(?:[\t\r\n]|\s*[=+\-@＝＋－＠])/;
/** Digits with what stands in numbers, amounts of money and phone numbers: evaluated or not, it does nothing. */
const NUMBER_OR_PHONE = /^ *[+-][\d\s().,/\-\p{Sc}]+(?:[eE][+-]?\d+|(?:ext\.?|x) ?\d+)?%?$/iu;
const NEEDS_QUOTES = /[",\r\n]|^\s|\s$/;

/** RFC 4180 with `\n` line ends, UTF-8 without a mark. Text that a spreadsheet would run gets an apostrophe before it. */
export const csvFormat: ExportFormat = {
  type: 'csv',
  extension: '.csv',
  description: 'a table with a header; nested values flattened to columns',
  tabular: true,
  open: ({ raw }) => {
    let guarded = 0;
    const written = (cell: Cell): string => {
      if (cell === undefined || cell === null) return '';
      if (typeof cell !== 'string') return typeof cell === 'object' ? quoted(JSON.stringify(cell)) : String(cell);
      if (raw || !isFormula(cell)) return quoted(cell);
      guarded += 1;
      return quoted(`'${cell}`);
    };
    // A line that is empty would be taken for no row at all.
    const line = (cells: readonly Cell[]) => `${cells.map(written).join(',') || '""'}\n`;
    return {
      begin: line,
      cells: line,
      whole: () => '',
      end: () => '',
      guarded: () => guarded,
    };
  },
};

function isFormula(text: string): boolean {
  return FORMULA_START.test(text) && !(NUMBER_OR_PHONE.test(text) && /\d/.test(text));
}

function quoted(text: string): string {
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
