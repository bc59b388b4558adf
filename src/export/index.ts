import { AbpError } from '../domain/error.ts';
import { EXPORT_FORMATS, type ExportFormatName } from '../domain/export-format.ts';
import { didYouMean } from '../domain/nearest.ts';
import { csvFormat, tsvFormat } from './csv.ts';
import type { ExportFormat } from './format.ts';
import { jsonFormat } from './json.ts';
import { jsonlFormat } from './jsonl.ts';
import { markdownFormat } from './markdown.ts';
import { type ExportOptions, type ExportReport, type RowSource, writeUnits } from './write-units.ts';

/** Every export format. A new one is its file, one line here, and its extension in `domain/export-format.ts`. */
const exportFormats: Readonly<Record<ExportFormatName, ExportFormat>> = {
  csv: csvFormat,
  tsv: tsvFormat,
  jsonl: jsonlFormat,
  json: jsonFormat,
  markdown: markdownFormat,
};

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

/** Exports units in a format by name. Throws as `writeUnits`, and AbpError `invalid_input` for an unknown format. */
export async function exportUnits(
  format: string,
  rows: RowSource,
  file: string,
  options: ExportOptions = {},
): Promise<ExportReport> {
  return writeUnits(getExportFormat(format), rows, file, options);
}
