import type { Hint } from '../../ports/enumerator.ts';
import type { CsvConfig } from './config.ts';
import { type Excerpt, excerptOf } from './excerpt.ts';
import { beginningOf } from './parser.ts';
import type { CsvFault } from './rows.ts';
import { type Suggestion, suggestionsFor } from './suggested-settings.ts';
import { type Trial, tryCsv } from './trial.ts';

const FIX = 'Fix that line, or leave the row out.';

/** What helps without a setting, by what is wrong. */
const FIXES: Readonly<Record<CsvFault['kind'], (fault: CsvFault) => string>> = {
  header: () => 'Check that it is the right file.',
  columns: ({ names }) => `Columns: ${names.map((name) => JSON.stringify(name)).join(', ')}.`,
  short: () => FIX,
  long: () => 'A delimiter inside a field needs quotes around the field.',
  quotes: () => 'Quotes inside a quoted field are written twice; a field with quotes must be quoted as a whole.',
  text: () => FIX,
  id: () => FIX,
};

/**
 * What to do about a fault: the settings that would read the file, found by reading what is around the fault with each of
 * those that the looks of the text suggest.
 */
export async function csvHint(config: CsvConfig, fault: CsvFault): Promise<Hint> {
  const { cures, isWhole, isOtherTable } = await curesFor(config, fault);
  const told = cures.map(({ setting, does }) => {
    const [[name, value] = []] = Object.entries(setting);
    return `${name}: ${JSON.stringify(value)} ${does}.`;
  });
  if (told.length > 0 && !isWhole) told.unshift('No setting alone reads all of the file. For this row:');
  const fix = FIXES[fault.kind](fault);
  const hint = (cures[0]?.fit === 'general' ? [fix, ...told] : [...told, fix]).join(' ');
  return isOtherTable ? { hint, helpsToSkip: false } : hint;
}

interface Cures {
  readonly cures: readonly Suggestion[];
  /** Whether they read all that is looked at. */
  readonly isWhole: boolean;
  /** Whether they read a table where there was one column: leaving rows out would give rows of the wrong table. */
  readonly isOtherTable: boolean;
}

/** Settings that read all that is looked at (`isWhole`); where none does, those that read the record and fail behind it. */
async function curesFor(config: CsvConfig, fault: CsvFault): Promise<Cures> {
  const excerpt = await excerptOf(config, fault.line, fault.headerEnd);
  const before = await tryCsv(config, excerpt);
  const tried: { readonly suggestion: Suggestion; readonly until: number; readonly columns: number }[] = [];
  for (const suggestion of suggestionsFor(config, fault, excerpt)) {
    const changed = { ...config, ...suggestion.setting };
    const isSame = changed.encoding === config.encoding;
    const text = isSame ? excerpt : await excerptOf(changed, fault.line, fault.headerEnd);
    const trial = await tryCsv(changed, text);
    if (isLikely(suggestion, trial, before)) tried.push({ suggestion, until: trial.until, columns: trial.columns });
  }
  const isWhole = tried.some(({ until }) => until === Number.POSITIVE_INFINITY);
  const wanted = isWhole ? Number.POSITIVE_INFINITY : excerpt.line + 1;
  const reading = tried.filter(({ until }) => until >= wanted);
  const found = reading.map(({ suggestion }) => suggestion);
  const [header] = reading.filter(({ suggestion }) => suggestion.fit === 'perhaps');
  const isOtherTable = header !== undefined && before.columns <= 1 && header.columns > 1;
  const isMade = isOtherTable || found.some(({ fit }) => fit === 'made');
  // Where every row would be skipped as ragged, it is the header that is not one.
  const areRagged = found.some(({ setting }) => setting.ragged_rows === 'skip');
  const areRead = ({ ragged_rows }: Suggestion['setting']) =>
    ragged_rows === undefined || areRagged || (ragged_rows === 'pad' && endsEmpty(config, fault, excerpt));
  const cures = found.filter((suggestion) => {
    const { setting, fit } = suggestion;
    return fit === 'general' ? !isMade && areRead(setting) : fit === 'made' || suggestion === header?.suggestion;
  });
  return { cures, isWhole, isOtherTable };
}

/** Whether it is only delimiters at the end, of rows or of the header, that make the number of fields another one. */
function endsEmpty(config: CsvConfig, { kind, headerEnd }: CsvFault, { text, isWhole }: Excerpt): boolean {
  const { delimiter } = beginningOf(config, { text, isWhole });
  const header = text.split(/\r\n|\n|\r/)[headerEnd - 2];
  return kind === 'long' || header?.endsWith(delimiter) === true;
}

/** Whether what a setting makes of a text looks like a table: one column, or only a header, reads nearly anything. */
function isLikely({ setting, fit }: Suggestion, trial: Trial, before: Trial): boolean {
  if (setting.delimiter !== undefined && trial.columns <= before.columns) return false;
  if (fit === 'perhaps' && trial.isOdd) return false;
  const isEmpty = trial.until === Number.POSITIVE_INFINITY && trial.items === 0;
  // The only row may be one that is left out.
  return !isEmpty || (trial.rows <= 1 && fit !== 'perhaps' && setting.encoding === undefined);
}
