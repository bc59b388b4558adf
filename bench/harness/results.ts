import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Figure } from './benchmark.ts';

/** What one benchmark measured, and when. */
export interface Measured {
  readonly date: string;
  readonly seconds: number;
  readonly figures: readonly Figure[];
  /** Ids of what was not measured, with the reason. */
  readonly skipped: Readonly<Record<string, string>>;
  /** Why it broke off; null = it did not. */
  readonly error: string | null;
}

/** What was measured on one machine, by the name of the benchmark. */
export interface Results {
  readonly machine: string;
  readonly benchmarks: Readonly<Record<string, Measured>>;
}

/** All figures, in the order of the benchmarks. */
export function figuresOf(results: Results): readonly Figure[] {
  return Object.values(results.benchmarks).flatMap(({ figures }) => figures);
}

/** What was not measured, with the reasons. */
export function skippedIn(results: Results): ReadonlyMap<string, string> {
  return new Map(Object.values(results.benchmarks).flatMap(({ skipped }) => Object.entries(skipped)));
}

/** Results that were kept; none when there is no file. */
export function readResults(file: string): Results | null {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Results) : null;
}

/** Keeps results; benchmarks that did not run this time keep theirs, unless they come from another machine. */
export function keepResults(file: string, results: Results): void {
  const before = readResults(file);
  const kept = before?.machine === results.machine ? before.benchmarks : {};
  writeFileSync(file, `${JSON.stringify({ ...results, benchmarks: { ...kept, ...results.benchmarks } }, null, 2)}\n`);
}
