import type { Hint } from '../../ports/enumerator.ts';
import type { CsvConfig } from './config.ts';
import { type Excerpt, excerptOf } from './excerpt.ts';
import { detectBeginning } from './parser.ts';
import type { CsvFault } from './rows.ts';
import { type Suggestion, suggestionsFor } from './suggested-settings.ts';
import { type Trial, tryCsv } from './trial.ts';

const FIX = 'Fix that line, or leave the row out.';

/** Advice that needs no setting, by kind of fault. */
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
 * Suggests what to do about a fault: settings that read the file, found by parsing the text around the fault with each
 * candidate that the text suggests.
 */
export async function csvHint(config: CsvConfig, fault: CsvFault): Promise<Hint> {
  const { cures, isWhole, isOtherTable } = await findWorkingSettings(config, fault);
  const sentences = cures.map(({ setting, does }) => {
    const [[name, value] = []] = Object.entries(setting);
    return `${name}: ${JSON.stringify(value)} ${does}.`;
  });
  if (sentences.length > 0 && !isWhole) sentences.unshift('No setting alone reads all of the file. For this row:');
  const fix = FIXES[fault.kind](fault);
  const hint = (cures[0]?.fit === 'general' ? [fix, ...sentences] : [...sentences, fix]).join(' ');
  return isOtherTable ? { hint, helpsToSkip: false } : hint;
}

interface WorkingSettings {
  readonly cures: readonly Suggestion[];
  /** True if they read the whole excerpt. */
  readonly isWhole: boolean;
  /** True if they reveal a table of several columns where there was one: skipping rows would then give rows of the wrong table. */
  readonly isOtherTable: boolean;
}

/** Finds settings that read the whole excerpt (`isWhole`); if none does, those that read past the record. */
async function findWorkingSettings(config: CsvConfig, fault: CsvFault): Promise<WorkingSettings> {
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
  const [header] = reading.filter(({ suggestion }) => suggestion.fit === 'possible');
  const isOtherTable = header !== undefined && before.columns <= 1 && header.columns > 1;
  const isMade = isOtherTable || found.some(({ fit }) => fit === 'specific');
  // If every row would be skipped as ragged, the header is wrong.
  const areRagged = found.some(({ setting }) => setting.ragged_rows === 'skip');
  const readsRows = ({ ragged_rows }: Suggestion['setting']) =>
    ragged_rows === undefined || areRagged || (ragged_rows === 'pad' && endsEmpty(config, fault, excerpt));
  const cures = found.filter((suggestion) => {
    const { setting, fit } = suggestion;
    return fit === 'general' ? !isMade && readsRows(setting) : fit === 'specific' || suggestion === header?.suggestion;
  });
  return { cures, isWhole, isOtherTable };
}

/** Checks whether only trailing delimiters, of rows or of the header, change the number of fields. */
function endsEmpty(config: CsvConfig, { kind, headerEnd }: CsvFault, { text, isWhole }: Excerpt): boolean {
  const { delimiter } = detectBeginning(config, { text, isWhole });
  const header = text.split(/\r\n|\n|\r/)[headerEnd - 2];
  return kind === 'long' || header?.endsWith(delimiter) === true;
}

/** Checks whether the parsed excerpt looks like a table: a single column, or only a header, reads nearly anything. */
function isLikely({ setting, fit }: Suggestion, trial: Trial, before: Trial): boolean {
  if (setting.delimiter !== undefined && trial.columns <= before.columns) return false;
  if (fit === 'possible' && trial.isOdd) return false;
  const isEmpty = trial.until === Number.POSITIVE_INFINITY && trial.items === 0;
  // The only row may be left out by this setting.
  return !isEmpty || (trial.rows <= 1 && fit !== 'possible' && setting.encoding === undefined);
}
