import type { Installation } from './installation.ts';

/** How a value is printed, and what it counts. */
export type Measure = 's' | 'ms' | 'µs' | 'MB' | 'kB' | 'bytes' | 'tokens' | 'per second' | '×' | '%';

/** Repeated measurements of one thing. `runs` in the order in which they were made. */
export interface Figure {
  /** `benchmark.subject.quantity`: the name by which budgets and the README's table speak of it. */
  readonly id: string;
  /** What was measured, in words for the table. */
  readonly what: string;
  readonly measure: Measure;
  readonly runs: readonly number[];
}

/** How much is measured: `check` fits 9 minutes in all, `full` takes its time, `large` adds 10 M rows and 1 GB. */
export type Size = 'check' | 'full' | 'large';

/** What a benchmark gets. */
export interface Bench {
  /** Its own temporary directory, deleted afterwards. */
  readonly directory: string;
  readonly size: Size;
  /** The built package, as users run it. */
  readonly installation: Installation;
  /** Writes down what was measured and prints it. */
  record(figure: Figure): void;
  /** Says in one line what was not measured and why; the check repeats it. */
  skip(ids: readonly string[], why: string): void;
  /** Writes a file that is kept beside the results (a plot). */
  keep(name: string, text: string): void;
}

/** One benchmark: prepares its data, warms up, measures, records. */
export interface Benchmark {
  readonly name: string;
  /** One sentence for `--list` and the README. */
  readonly what: string;
  run(bench: Bench): Promise<void>;
}
