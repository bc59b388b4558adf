import Table from 'cli-table3';
import { type Colors, printable } from './terminal.ts';

/** Formats an amount in USD: with cents, below $1 with four digits. */
export function money(usd: number): string {
  return usd === 0 || usd >= 1 ? `$${usd.toFixed(2)}` : `$${usd.toFixed(4)}`;
}

/** Formats a duration in seconds with at most two units: `4.2 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ] as const;
  const first = units.findIndex(([, size]) => whole >= size);
  let rest = whole;
  return units
    .slice(first, first + 2)
    .flatMap(([name, size]) => {
      const count = Math.floor(rest / size);
      rest -= count * size;
      return count > 0 ? [`${count} ${name}`] : [];
    })
    .join(' ');
}

/** Formats a number with its noun: `1,234 units`. */
export function count(amount: number, noun: string): string {
  return `${amount.toLocaleString('en-US')} ${noun}${amount === 1 ? '' : 's'}`;
}

/** Formats a range: `$1.20 to $1.90`, or one value where both ends read the same. */
export function range([from = 0, to = from]: readonly number[], text: (value: number) => string): string {
  return text(from) === text(to) ? text(from) : `${text(from)} to ${text(to)}`;
}

/** Formats a size in bytes: `3.1 MB`. */
export function bytes(amount: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = amount < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(amount) / 3));
  const value = amount / 1000 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${units[power]}`;
}

/** Text from outside as one line of at most `width` characters, cut at its end. */
export function cell(text: string, width: number): string {
  const line = printable(text).trim();
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`;
}

/** Formats a table whose columns are as wide as needed. */
export function table(colors: Colors, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = new Table({
    head: head.map((text) => colors.bold(text)),
    style: { head: [], border: [], compact: true },
    chars: BORDERS,
  });
  for (const row of rows) lines.push([...row]);
  return lines
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Draws only a line below the head. */
const BORDERS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  right: '',
  'right-mid': '',
  mid: '─',
  'mid-mid': '─',
  middle: ' ',
};
