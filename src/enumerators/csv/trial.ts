import { Readable } from 'node:stream';
import { type CsvConfig, csvConfigSchema } from './config.ts';
import type { Excerpt } from './excerpt.ts';
import { detectBeginning, recordsOf } from './parser.ts';
import { CsvRows, RefusedRow } from './rows.ts';

/** How far a config reads an excerpt. */
export interface Trial {
  /** Line of the first record that cannot be an item; infinite if there is none. */
  readonly until: number;
  /** Rows seen, items among them, and columns. */
  readonly rows: number;
  readonly items: number;
  readonly columns: number;
  /** True if a warning about column names was raised. */
  readonly isOdd: boolean;
}

const FAILED: Trial = { until: 0, rows: 0, items: 0, columns: 0, isOdd: false };

/** Reads an excerpt with changed settings. */
export async function tryCsv(given: CsvConfig, excerpt: Excerpt): Promise<Trial> {
  const { success, data: config } = csvConfigSchema.safeParse({
    ...given,
    limit: undefined,
    offset: excerpt.isContiguous ? given.offset : 0,
  });
  if (!success) return FAILED;
  let isOdd = false;
  const warnings = {
    add: (kind: string) => {
      isOdd ||= kind !== 'empty_row';
    },
    report: () => {},
  };
  // Without a collector the first invalid record ends the trial.
  const rows = new CsvRows(config, warnings, excerpt.faults, config.on_invalid === 'skip' ? () => {} : undefined, () =>
    Promise.resolve(''),
  );
  try {
    const records = await recordsOf(config, detectBeginning(config, excerpt), Readable.from([excerpt.text]), rows);
    for await (const _ of records);
    rows.refuseWithoutHeader();
  } catch (error) {
    if (!(error instanceof RefusedRow) || error.fault.kind === 'columns') return FAILED;
    const { kind, line } = error.fault;
    // The excerpt may end inside a quoted field.
    const isCutOff = kind === 'quotes' && !excerpt.isWhole && line > excerpt.line;
    return { until: isCutOff ? Number.POSITIVE_INFINITY : line, ...rows.seen(), isOdd };
  }
  return { until: Number.POSITIVE_INFINITY, ...rows.seen(), isOdd };
}
