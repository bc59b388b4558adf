import type { Figure, Measure } from './benchmark.ts';
import { median } from './statistics.ts';

/** Formats a number with three significant digits and thousands separators. */
export function show(value: number, measure: Measure): string {
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return `${value.toLocaleString('en-US', { maximumFractionDigits: digits })} ${measure}`;
}

/** Formats median and range of several runs. */
export function showFigure({ runs, measure }: Figure): string {
  const middle = show(median(runs), measure);
  if (runs.length < 2) return middle;
  return `${middle} (${show(Math.min(...runs), measure)} to ${show(Math.max(...runs), measure)}, ${runs.length} runs)`;
}
