import { nearest } from '../../domain/nearest.ts';
import { hasUndecodable } from '../reading/decoder.ts';
import { endOfLines } from '../reading/text.ts';
import { type CsvConfig, delimiterOf, NO_QUOTE } from './config.ts';
import { findTable } from './detect-delimiter.ts';
import type { Excerpt } from './excerpt.ts';
import type { CsvFault } from './rows.ts';

/** A setting that may read a refused record. */
export interface Suggestion {
  readonly setting: Partial<CsvConfig>;
  /** What it does; completes a sentence that begins with the setting. */
  readonly does: string;
  /**
   * `specific`: the text shows evidence for it. `possible`: nothing contradicts it. `general`: reads nearly anything;
   * omitted when a specific one exists.
   */
  readonly fit: 'specific' | 'possible' | 'general';
}

/** Comment marks of common formats. */
const COMMENT = /^\s*(#|\/\/|%|--|;|!)/;
const QUOTES = ['"', "'", '`'];
/** Characters of a header that may be delimiters. */
const DELIMITERS = /,|;|\t|\|+|:+|\^|~|\p{Cc}/gu;
const NO_DELIMITERS = new Set(['\r', '\n', '\0']);
/** Lines searched for a header or comments. */
const FIRST_LINES = 100;

/** Suggests settings for a fault from the text around it, in the order in which they are tried. */
export function suggestionsFor(config: CsvConfig, fault: CsvFault, excerpt: Excerpt): readonly Suggestion[] {
  const lines = excerpt.text.split(/\r\n|\n|\r/);
  const header = lines[config.skip_lines] ?? '';
  const record = lines[excerpt.line - 1] ?? '';
  return [
    ...encodings(config, fault, excerpt.text),
    ...comments(config, [...lines.slice(0, FIRST_LINES), record]),
    ...columns(config, fault),
    ...(config.trim ? [] : [specific({ trim: true }, 'removes white space around fields and quotes, and blank lines')]),
    ...quotes(config, excerpt.text),
    ...delimiters(config, fault, header),
    ...linesToSkip(config, fault, excerpt, lines),
    ...general(config, fault, excerpt.text),
  ];
}

function specific(setting: Partial<CsvConfig>, does: string): Suggestion {
  return { setting, does, fit: 'specific' };
}

function encodings({ encoding }: CsvConfig, { kind }: CsvFault, text: string): Suggestion[] {
  if (kind !== 'text') return [];
  // UTF-16 has a NUL in every Latin letter.
  const hasNul = text.split('\0').length > text.length / 4;
  const names = hasNul ? ['utf-16le', 'utf-16be'] : hasUndecodable(text) ? ['utf-8', 'windows-1252'] : [];
  const others = names.filter((name) => name !== new TextDecoder(encoding).encoding);
  return others.map((name) => specific({ encoding: name }, 'reads it, if that is what the file really is'));
}

function comments({ comment }: CsvConfig, lines: readonly string[]): Suggestion[] {
  if (comment !== undefined) return [];
  const marks = new Set(lines.flatMap((line) => COMMENT.exec(line)?.[1] ?? []));
  return [...marks].map((mark) => specific({ comment: mark }, 'skips lines that begin with it'));
}

function columns({ id_column, has_header }: CsvConfig, { kind, names }: CsvFault): Suggestion[] {
  if (kind !== 'columns' || id_column === undefined) return [];
  const meant = nearest(id_column, names);
  return [
    ...(meant === null ? [] : [specific({ id_column: meant }, 'is a column of the file')]),
    ...(has_header ? [] : [specific({ has_header: true }, 'takes the names from the first row')]),
  ];
}

function quotes({ quote, escape: mark }: CsvConfig, text: string): Suggestion[] {
  const others = QUOTES.filter((other) => other !== quote && text.includes(other));
  const behindBackslash = mark === undefined && quote !== NO_QUOTE && text.includes(`\\${quote}`);
  return [
    ...others.map((other) => specific({ quote: other }, 'is the quote around the fields')),
    ...(behindBackslash ? [specific({ escape: '\\' }, 'reads quotes after a backslash')] : []),
    ...(mark === undefined || mark === quote
      ? []
      : [specific({ escape: quote }, 'reads quotes that are written twice')]),
  ];
}

function delimiters(config: CsvConfig, { kind }: CsvFault, header: string): Suggestion[] {
  if (kind === 'header' || kind === 'text') return [];
  const marks = new Set(header.match(DELIMITERS)?.filter((mark) => !NO_DELIMITERS.has(mark)));
  marks.delete(delimiterOf(config.delimiter) ?? '');
  return [...marks].map((mark) => {
    return specific({ delimiter: mark === '\t' ? 'tab' : mark }, 'separates the columns of the header');
  });
}

function linesToSkip(
  { skip_lines, id_column, quote, comment }: CsvConfig,
  { kind, line }: CsvFault,
  { text, isWhole }: Excerpt,
  lines: readonly string[],
): Suggestion[] {
  const fewer = skip_lines === 0 || (kind !== 'header' && kind !== 'columns') ? [] : [skip_lines - 1, 0];
  const named =
    kind === 'columns' ? lines.slice(0, FIRST_LINES).findIndex((content) => content.includes(id_column ?? '')) : -1;
  const rest = { text: text.slice(endOfLines(text, skip_lines) ?? text.length), isWhole };
  const table = kind === 'header' || kind === 'columns' ? null : findTable(rest, { quote, comment });
  const above = table === null ? -1 : skip_lines + table.lines;
  const before = kind !== 'header' && line <= FIRST_LINES ? line - 1 : -1;
  return [...new Set([...fewer, named, above, before])]
    .filter((count) => count >= 0 && count !== skip_lines)
    .map((count) => {
      const does =
        count < skip_lines ? 'skips fewer lines' : 'skips the lines before the header, if the next line is the header';
      return { setting: { skip_lines: count }, does, fit: count < skip_lines ? 'specific' : 'possible' };
    });
}

function general({ quote, relax_quotes, ragged_rows }: CsvConfig, { kind }: CsvFault, text: string): Suggestion[] {
  const relaxed: Suggestion = {
    setting: { relax_quotes: true },
    does: 'reads quotes inside an unquoted field as text',
    fit: 'general',
  };
  const none: Suggestion = {
    setting: { quote: NO_QUOTE },
    does: 'reads all quotes as text (inch marks)',
    fit: 'general',
  };
  // If fields are quoted, quotes are not text.
  const isQuoted = text.split(/[\r\n,;\t|]/).some((field) => field.startsWith(quote));
  const quoteFaults = relax_quotes ? [none] : isQuoted ? [relaxed, none] : [none, relaxed];
  const padDoes = kind === 'long' ? 'drops empty fields at the end of long rows' : 'pads short rows with empty fields';
  const ragged: Suggestion[] = [
    { setting: { ragged_rows: 'pad' }, does: padDoes, fit: 'general' },
    { setting: { ragged_rows: 'skip' }, does: 'skips rows that are too short or too long', fit: 'general' },
  ];
  return [
    ...(kind === 'quotes' && quote !== NO_QUOTE ? quoteFaults : []),
    ...(kind === 'short' || kind === 'long' ? ragged.filter(({ setting }) => setting.ragged_rows !== ragged_rows) : []),
  ];
}
