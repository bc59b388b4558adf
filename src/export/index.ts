import path from 'node:path';
import { AbpError } from '../domain/error.ts';
import { didYouMean } from '../domain/nearest.ts';
import { csvFormat, tsvFormat } from './csv.ts';
import type { ExportFormat } from './format.ts';
import { jsonFormat } from './json.ts';
import { jsonlFormat } from './jsonl.ts';
import { markdownFormat } from './markdown.ts';
import { type ExportOptions, type ExportReport, type RowSource, writeUnits } from './write-units.ts';

/** Every export format. A new one is its file and one line here. */
const exportFormats = {
  csv: csvFormat,
  tsv: tsvFormat,
  jsonl: jsonlFormat,
  json: jsonFormat,
  markdown: markdownFormat,
} as const satisfies Readonly<Record<string, ExportFormat>>;

export type ExportFormatName = keyof typeof exportFormats;
export const EXPORT_FORMATS = Object.keys(exportFormats) as readonly ExportFormatName[];

/** Returns a format by name. Throws AbpError `invalid_input` that suggests the closest name. */
function getExportFormat(name: string): ExportFormat {
  const known: Readonly<Record<string, ExportFormat>> = exportFormats;
  const format = Object.hasOwn(known, name) ? known[name] : undefined;
  if (format) return format;
  throw new AbpError(
    'invalid_input',
    `Unknown export format ${JSON.stringify(name)}.${didYouMean(name, EXPORT_FORMATS)}`,
    {
      hint: `Formats: ${EXPORT_FORMATS.join(', ')}.`,
    },
  );
}

/** Returns the file extension of a format, such as `.csv`. */
export function exportExtension(format: ExportFormatName): string {
  return exportFormats[format].extension;
}

/** Returns the media type of a format. */
export function exportMediaType(format: ExportFormatName): string {
  return exportFormats[format].mediaType;
}

/** Returns the format of a file name by its extension; null = none. */
export function exportFormatOf(file: string): ExportFormatName | null {
  return EXPORT_FORMATS.find((name) => file.toLowerCase().endsWith(exportFormats[name].extension)) ?? null;
}

/** Returns the format of a file name. Throws AbpError `invalid_input` that lists the known extensions. */
export function requireFormatOf(file: string): ExportFormatName {
  const format = exportFormatOf(file);
  if (format) return format;
  const extension = path.extname(file);
  const known = EXPORT_FORMATS.map((name) => exportFormats[name].extension).join(', ');
  throw new AbpError(
    'invalid_input',
    `${file}: expected a name that ends in ${known}, found ${extension === '' ? 'no extension' : extension}.`,
    { hint: `Name the file so, or give the format: ${EXPORT_FORMATS.join(', ')}.`, details: { path: file } },
  );
}

/** Exports units in a format by name. Throws as `writeUnits`, and AbpError `invalid_input` for an unknown format. */
export async function exportUnits(
  format: string,
  rows: RowSource,
  file: string,
  options: ExportOptions = {},
): Promise<ExportReport> {
  return writeUnits(getExportFormat(format), rows, file, options);
}
