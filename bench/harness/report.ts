import type { Figure, Measure } from './benchmark.ts';
import { median } from './statistics.ts';

/** A number as a person reads it: three digits that matter, thousands separated. */
export function show(value: number, measure: Measure): string {
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return `${value.toLocaleString('en-US', { maximumFractionDigits: digits })} ${measure}`;
}

/** Median with the range of the runs, where there is more than one. */
export function showFigure({ runs, measure }: Figure): string {
  const middle = show(median(runs), measure);
  if (runs.length < 2) return middle;
  return `${middle} (${show(Math.min(...runs), measure)} to ${show(Math.max(...runs), measure)}, ${runs.length} runs)`;
}
