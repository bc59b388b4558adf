import { InvalidArgumentError, Option } from 'commander';
import { didYouMean } from '../domain/nearest.ts';

/** Reads a whole number of at least `minimum`, and at most `maximum` where there is one. */
export function atLeast(minimum: number, maximum = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text.trim()) && value >= minimum && value <= maximum) return value;
    const end = maximum === Number.MAX_SAFE_INTEGER ? '' : ` to ${maximum}`;
    throw new InvalidArgumentError(`Expected a whole number from ${minimum}${end}.`);
  };
}

/** Reads a list of names separated by commas. */
export function list(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => name !== '')) return names;
  throw new InvalidArgumentError('Expected names separated by commas.');
}

/** Creates an option that takes one of a few words; the error about another suggests the nearest. */
export function oneOf(flags: string, description: string, words: readonly string[]): Option {
  return new Option(flags, description).choices(words).argParser((text) => known(text, words));
}

/** Format of a results file: the names of `EXPORT_FORMATS`, without loading it. */
export type FormatOption = 'csv' | 'tsv' | 'jsonl' | 'json' | 'markdown';

/** Creates `--format` for commands that write results. */
export function formatOption(): Option {
  const formats: readonly FormatOption[] = ['csv', 'tsv', 'jsonl', 'json', 'markdown'];
  return oneOf('--format <format>', 'default: by the extension of the file', formats);
}

/** Creates an option that takes several of a few words, separated by commas. */
export function someOf(flags: string, description: string, words: readonly string[]): Option {
  return new Option(flags, description)
    .choices(words)
    .argParser((text) => list(text).map((word) => known(word, words)));
}

function known(word: string, words: readonly string[]): string {
  if (words.includes(word)) return word;
  throw new InvalidArgumentError(`Allowed choices are ${words.join(', ')}.${didYouMean(word, words)}`);
}

/** Collects the values of a repeated option. */
export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

/** Reads the units `3`, `5-9` or `1,2` and adds them to those before. */
export function unitIndexes(text: string, before: readonly number[] = []): readonly number[] {
  const added = list(text).flatMap((part) => {
    const [, first = '', last = first] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? [];
    const length = Number(last) - Number(first) + 1;
    if (first === '' || length < 1) throw new InvalidArgumentError('Expected units such as 3, 5-9 or 1,2.');
    if (length > MAX_UNITS) throw new InvalidArgumentError(`At most ${MAX_UNITS} units can be named at once.`);
    return Array.from({ length }, (_, index) => Number(first) + index);
  });
  return [...before, ...added];
}

/** The limit of manage_units; for more units there is --status. */
const MAX_UNITS = 10_000;

const UNITS_OF_TIME: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Reads a duration such as `90s`, `12h`, `30d`, `2w`; returns seconds. */
export function timeSpan(text: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)([smhdw])$/.exec(text.trim()) ?? [];
  const size = UNITS_OF_TIME[unit];
  if (amount !== undefined && size !== undefined) return Number(amount) * size;
  throw new InvalidArgumentError('Expected a time such as 90s, 15m, 12h, 30d or 2w.');
}
