import { AbpError } from '../domain/error.ts';
import { absolutePath } from '../domain/paths.ts';
import type { EnumeratedItem, EnumerationContext, Enumerator } from '../ports/enumerator.ts';
import { type CsvConfig, csvConfigSchema } from './csv/config.ts';
import { csvHint } from './csv/hints.ts';
import { DETECTION_CHARACTERS, detectBeginning, recordsOf } from './csv/parser.ts';
import { CsvRows, RefusedRow } from './csv/rows.ts';
import { CSV_WARNINGS, warnOfOneColumn } from './csv/warnings.ts';
import { TextFaults } from './reading/decoder.ts';
import { hintTextOf, invalidRecords } from './reading/invalid.ts';
import { sensitivePowers } from './reading/paths.ts';
import { endOfLines, readStart, readText } from './reading/text.ts';
import { countWarnings } from './reading/warnings.ts';
import { throwIfAborted } from './reading/yielder.ts';

/** Enumerates the rows of a CSV file; all values are text. */
export const csvEnumerator: Enumerator<CsvConfig> = {
  type: 'csv',
  description:
    'Rows of a CSV file. Fields: the columns, as text, and _row_index (from 0) and _id (the key), unless columns have those names.',
  configSchema: csvConfigSchema,
  example: { file_path: '~/data/customers.csv', id_column: 'customer_id' },
  resolve: (config, { workingDirectory }) => ({
    ...config,
    file_path: absolutePath(config.file_path, workingDirectory),
  }),
  root: ({ file_path }) => file_path,
  readable: () => [],
  powers: ({ file_path }, bounds) => sensitivePowers(file_path, bounds),
  enumerate,
};

async function* enumerate(given: CsvConfig, context: EnumerationContext): AsyncGenerator<EnumeratedItem> {
  const config = csvEnumerator.resolve(given, context);
  const warnings = countWarnings(context.warn, CSV_WARNINGS);
  const faults = new TextFaults();
  const rows = new CsvRows(config, warnings, faults, context.reject, (fault) => csvHint(config, fault));
  const source = { path: config.file_path, encoding: config.encoding, faults };
  const { skip_lines } = config;
  const enough = (text: string) => text.length - (endOfLines(text, skip_lines) ?? text.length) >= DETECTION_CHARACTERS;
  let left = config.limit ?? Number.POSITIVE_INFINITY;
  try {
    const start = await readStart(source, enough);
    const beginning = detectBeginning(config, start);
    warnOfOneColumn(config, start, beginning, warnings);
    for await (const item of await recordsOf(config, beginning, readText(source), rows, context.signal)) {
      yield item as EnumeratedItem;
      if (--left === 0) return;
    }
    rows.refuseWithoutHeader();
  } catch (error) {
    throwIfAborted(context.signal);
    throw error instanceof RefusedRow ? await refusal(error) : error;
  } finally {
    warnings.report();
  }
}

async function refusal({ fault, record, ending }: RefusedRow): Promise<AbpError> {
  if (fault.kind !== 'columns') return invalidRecords([record], ending);
  return new AbpError('invalid_input', fault.reason, { hint: await hintTextOf(record) });
}
