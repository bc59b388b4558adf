import type { WarningCounter } from '../reading/warnings.ts';

/** What is odd about a CSV file that can be read all the same. */
export const CSV_WARNINGS = {
  renamed_column:
    'Columns without a name, or with a name that came before, were given one. If the first row is data, set has_header: false.',
  header_like_data: 'Names of columns look like data. If the first row is data, set has_header: false.',
  empty_row: 'Rows without any value are items, too: an agent is paid for each. Remove them from the file.',
} as const;

const NUMBER = /^[-+]?[$€£]?\d+(?:[.,]\d+)*(?:[eE][-+]?\d+)?%?$/;
const DATE =
  /^(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})(?:[T ][\d:.]+(?:Z|[-+]\d{2}:?\d{2})?)?$/;
const EMAIL = /^[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+$/;
const YEAR = /^(?:19|20)\d{2}$/;
/** No value of interest is longer. */
const LONGEST = 100;

/** Warns of names that are numbers, dates or e-mail addresses; not of years that follow each other, as tables have. */
export function warnOfData(names: readonly string[], warnings: WarningCounter): void {
  const years = names.filter((name) => YEAR.test(name.trim())).map(Number);
  const isSeries =
    years.length > 1 && years.every((year, at) => at === 0 || Math.abs(year - (years[at - 1] ?? 0)) === 1);
  for (const [at, given] of names.entries()) {
    const name = given.trim();
    if (name.length > LONGEST || (isSeries && YEAR.test(name))) continue;
    if (NUMBER.test(name) || DATE.test(name) || EMAIL.test(name)) {
      warnings.add('header_like_data', `column ${at + 1} ${JSON.stringify(given)}`);
    }
  }
}
