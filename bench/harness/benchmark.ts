import type { Installation } from './installation.ts';

/** Unit of a value, which decides its format. */
export type Measure = 's' | 'ms' | 'µs' | 'MB' | 'kB' | 'bytes' | 'tokens' | 'per second' | '×' | '%';

/** Repeated measurements of one quantity, in order. */
export interface Figure {
  /** `benchmark.subject.quantity`: the id used by budgets and tables. */
  readonly id: string;
  /** Description for the table. */
  readonly what: string;
  readonly measure: Measure;
  readonly runs: readonly number[];
}

/** How much is measured: `check` fits 9 minutes in all, `full` takes its time, `large` adds 10 M rows and 1 GB. */
export type Size = 'check' | 'full' | 'large';

/** Context of a benchmark. */
export interface Bench {
  /** Its own temporary directory, deleted afterwards. */
  readonly directory: string;
  readonly size: Size;
  /** The built package, as users run it. */
  readonly installation: Installation;
  /** Records and prints a figure. */
  record(figure: Figure): void;
  /** Reports what was not measured and why; the check repeats it. */
  skip(ids: readonly string[], why: string): void;
  /** Writes a file that is kept with the results (a plot). */
  keep(name: string, text: string): void;
}

/** One benchmark: prepares its data, warms up, measures, records. */
export interface Benchmark {
  readonly name: string;
  /** One sentence for `--list` and the README. */
  readonly what: string;
  run(bench: Bench): Promise<void>;
}
