import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Figure } from './benchmark.ts';

/** Figures of one benchmark, and their time. */
export interface Measured {
  readonly date: string;
  readonly seconds: number;
  readonly figures: readonly Figure[];
  /** Ids that were not measured, with the reason. */
  readonly skipped: Readonly<Record<string, string>>;
  /** Error that ended it; null = none. */
  readonly error: string | null;
}

/** Results of one machine, by benchmark. */
export interface Results {
  readonly machine: string;
  readonly benchmarks: Readonly<Record<string, Measured>>;
}

/** All figures, in the order of the benchmarks. */
export function figuresOf(results: Results): readonly Figure[] {
  return Object.values(results.benchmarks).flatMap(({ figures }) => figures);
}

/** Ids that were not measured, with the reasons. */
export function skippedIn(results: Results): ReadonlyMap<string, string> {
  return new Map(Object.values(results.benchmarks).flatMap(({ skipped }) => Object.entries(skipped)));
}

/** Loads stored results; empty if there is no file. */
export function readResults(file: string): Results | null {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Results) : null;
}

/** Stores results; benchmarks that did not run keep theirs, unless from another machine. */
export function keepResults(file: string, results: Results): void {
  const before = readResults(file);
  const kept = before?.machine === results.machine ? before.benchmarks : {};
  writeFileSync(file, `${JSON.stringify({ ...results, benchmarks: { ...kept, ...results.benchmarks } }, null, 2)}\n`);
}
