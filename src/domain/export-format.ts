import { extname } from 'node:path';
import { AbpError } from './error.ts';

/** Every export format: the extension that names it in a path, and the value of its Content-Type header. */
const FORMATS = {
  csv: { extension: '.csv', mediaType: 'text/csv; charset=utf-8' },
  tsv: { extension: '.tsv', mediaType: 'text/tab-separated-values; charset=utf-8' },
  jsonl: { extension: '.jsonl', mediaType: 'application/x-ndjson' },
  json: { extension: '.json', mediaType: 'application/json' },
  markdown: { extension: '.md', mediaType: 'text/markdown; charset=utf-8' },
} as const;

export type ExportFormatName = keyof typeof FORMATS;
export const EXPORT_FORMATS = Object.keys(FORMATS) as unknown as readonly [ExportFormatName, ...ExportFormatName[]];

/** Returns the file extension of a format, such as `.csv`. */
export function exportExtension(format: ExportFormatName): string {
  return FORMATS[format].extension;
}

/** Returns the media type of a format. */
export function exportMediaType(format: ExportFormatName): string {
  return FORMATS[format].mediaType;
}

/** Returns the format of a file name by its extension; null = none. */
export function exportFormatOf(file: string): ExportFormatName | null {
  return EXPORT_FORMATS.find((name) => file.toLowerCase().endsWith(FORMATS[name].extension)) ?? null;
}

/** Returns the format of a file name. Throws AbpError `invalid_input` that lists the known extensions. */
export function requireFormatOf(file: string): ExportFormatName {
  const format = exportFormatOf(file);
  if (format) return format;
  const extension = extname(file);
  const known = EXPORT_FORMATS.map(exportExtension).join(', ');
  throw new AbpError(
    'invalid_input',
    `${file}: expected a name that ends in ${known}, found ${extension === '' ? 'no extension' : extension}.`,
    { hint: `Name the file so, or give the format: ${EXPORT_FORMATS.join(', ')}.`, details: { path: file } },
  );
}

/** Differences between the data and the file. */
export interface FormatNotes {
  /** Cells changed so that no spreadsheet runs them as a formula. */
  readonly guarded: number;
  /** Cells from which NUL characters were removed; absent = none. */
  readonly nul_left_out?: number;
  /** Rows with half a surrogate pair, replaced by U+FFFD; absent = none. */
  readonly halves_replaced?: number;
  /** Cells longer than Excel allows, with the first of them; absent = none. */
  readonly long_cells?: { readonly count: number; readonly first: readonly LongCell[] };
}

/** Place of a cell and its length in UTF-16 code units; `unit` is null in the header. */
export interface LongCell {
  readonly unit: number | null;
  readonly column: string;
  readonly characters: number;
}

/**
 * Most characters of a cell in Excel, which cuts or rejects longer ones:
 * https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3
 */
export const MOST_CHARACTERS = 32_767;
