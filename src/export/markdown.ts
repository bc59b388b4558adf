import type { Cell, ExportFormat } from './format.ts';

/**
 * Characters that would end the cell or start emphasis, a link, an image, code or HTML. Within a word `_` has no
 * meaning.
 */
const SIGNIFICANT = /[\\|`*~[\]<>&]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|[\r\n]+/gu;
const WRITTEN: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;' };

/** A table for a page or a pull request: cells are plain text; line breaks become spaces. */
export const markdownFormat: ExportFormat = {
  type: 'markdown',
  description: 'a Markdown table',
  tabular: true,
  open: () => ({
    begin: (headers) => `${line(headers)}|${' --- |'.repeat(headers.length)}\n`,
    cells: line,
    whole: () => '',
    end: () => '',
    notes: () => ({ guarded: 0 }),
  }),
};

function line(cells: readonly Cell[]): string {
  return `| ${cells.map(textOf).join(' | ')} |\n`;
}

function textOf(cell: Cell): string {
  if (cell === undefined || cell === null) return '';
  const text = typeof cell === 'string' ? cell : JSON.stringify(cell);
  return text
    .replaceAll('\0', '')
    .trim()
    .replace(SIGNIFICANT, (found) => WRITTEN[found] ?? (/[\r\n]/.test(found) ? ' ' : `\\${found}`));
}
