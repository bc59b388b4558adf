import { AbpError } from '../domain/error.ts';
import { didYouMean } from '../domain/nearest.ts';
import { csvFormat } from './csv.ts';
import type { ExportFormat } from './format.ts';
import { jsonFormat } from './json.ts';
import { jsonlFormat } from './jsonl.ts';
import { markdownFormat } from './markdown.ts';
import { type ExportOptions, type ExportReport, type RowSource, writeUnits } from './write-units.ts';

/** Every export format. A new one is its file and one line here. */
const exportFormats = {
  csv: csvFormat,
  jsonl: jsonlFormat,
  json: jsonFormat,
  markdown: markdownFormat,
} as const satisfies Readonly<Record<string, ExportFormat>>;

export type ExportFormatName = keyof typeof exportFormats;
export const EXPORT_FORMATS = Object.keys(exportFormats) as readonly ExportFormatName[];

/** The format of a name, or AbpError `invalid_input` that names the nearest. */
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

/** How files of a format end, such as `.csv`. */
export function exportExtension(format: ExportFormatName): string {
  return exportFormats[format].extension;
}

/** The format that a file name asks for by its extension, or null. */
export function exportFormatOf(file: string): ExportFormatName | null {
  return EXPORT_FORMATS.find((name) => file.toLowerCase().endsWith(exportFormats[name].extension)) ?? null;
}

/** Exports units in a format of the table: what `writeUnits` says, and `invalid_input` for an unknown format. */
export async function exportUnits(
  format: string,
  rows: RowSource,
  path: string,
  options: ExportOptions = {},
): Promise<ExportReport> {
  return writeUnits(getExportFormat(format), rows, path, options);
}
