import type { TextStart } from '../reading/text.ts';
import type { WarningCounter } from '../reading/warnings.ts';
import type { CsvConfig } from './config.ts';
import { findTable, isOneColumn } from './detect-delimiter.ts';
import type { CsvBeginning } from './parser.ts';

/** Warnings about a CSV file that can still be read. */
export const CSV_WARNINGS = {
  renamed_column:
    'Columns without a name, or with a repeated name, were renamed. If the first row is data, set has_header: false.',
  header_like_data: 'Names of columns look like data. If the first row is data, set has_header: false.',
  one_column:
    'Every row has one field, but its lines contain the same number of another delimiter. If that is the table, use the settings named here.',
  empty_row: 'Rows without any value become items, too: an agent is paid for each. Remove them from the file.',
} as const;

const NUMBER = /^[-+]?(?:[$€£¥]\s?)?\d+(?:[.,]\d+)*(?:[eE][-+]?\d+)?(?:\s?[%$€£¥])?$/;
const DATE =
  /^(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})(?:[T ][\d:.]+(?:Z|[-+]\d{2}:?\d{2})?)?$/;
const EMAIL = /^[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+$/;
const UUID = /^\{?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}?$/i;
const URL = /^(?:[a-z][a-z0-9+.-]*:\/\/|www\.[^\s.]+\.)\S+$/i;
const TIME = /^\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?[ap]\.?m\.?)?$/i;
/** With a country code, an area code, or in North American form; other numbers with dashes are ranges. */
const PHONE = /^(?:\+\d[\d ()./-]{6,}|\(?0\d+\)?[ /-][\d ./-]{4,}|(?:1[-. ])?\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4})$/;
const BOOLEAN = /^(?:true|false)$/i;
const DATA = [NUMBER, DATE, EMAIL, UUID, URL, TIME, PHONE, BOOLEAN];
const YEAR = /^(?:19|20)\d{2}$/;
/** Longer names are not checked. */
const LONGEST = 2000;

/**
 * Warns of column names that look like data: numbers, dates, times, addresses, identifiers; not of consecutive years or
 * of several times of day, which tables have as columns.
 */
export function warnOfData(names: readonly string[], warnings: WarningCounter): void {
  const years = names.filter((name) => YEAR.test(name.trim())).map(Number);
  const isSeries =
    years.length > 1 && years.every((year, at) => at === 0 || Math.abs(year - (years[at - 1] ?? 0)) === 1);
  const areHours = names.filter((name) => TIME.test(name.trim())).length > 2;
  for (const [at, given] of names.entries()) {
    const name = given.trim();
    if (name.length > LONGEST || (isSeries && YEAR.test(name)) || (areHours && TIME.test(name))) continue;
    if (DATA.some((form) => form.test(name))) {
      warnings.add('header_like_data', `column ${at + 1} ${JSON.stringify(given)}`);
    }
  }
}

/** Warns if every row is one field but a table is found below the skipped lines. */
export function warnOfOneColumn(
  { quote, comment }: CsvConfig,
  start: TextStart,
  { delimiter, characters, lines }: CsvBeginning,
  warnings: WarningCounter,
): void {
  const rest = { ...start, text: start.text.slice(characters) };
  const marks = { quote, comment };
  if (!isOneColumn(rest, delimiter, marks)) return;
  const table = findTable(rest, marks);
  if (table === null) return;
  const mark = `delimiter: ${JSON.stringify(table.delimiter === '\t' ? 'tab' : table.delimiter)}`;
  const skip = table.lines === 0 ? '' : `skip_lines: ${lines + table.lines} and `;
  warnings.add('one_column', `${skip}${mark} ${skip === '' ? 'gives' : 'give'} ${table.columns} columns`);
}
