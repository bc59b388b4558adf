import { Readable } from 'node:stream';
import { type CsvConfig, csvConfigSchema } from './config.ts';
import type { Excerpt } from './excerpt.ts';
import { beginningOf, recordsOf } from './parser.ts';
import { CsvRows, RefusedRow } from './rows.ts';

/** How far settings read an excerpt. */
export interface Trial {
  /** The line on which the first record starts that cannot be an item; infinite: there is none. */
  readonly until: number;
  /** Rows seen, those of them that are items, and columns. */
  readonly rows: number;
  readonly items: number;
  readonly columns: number;
  /** Whether something is odd about their names. */
  readonly isOdd: boolean;
}

const FAILED: Trial = { until: 0, rows: 0, items: 0, columns: 0, isOdd: false };

/** Reads an excerpt with other settings than those by which it was refused. */
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
  // Nobody collects: the first record that is not to be skipped ends it.
  const rows = new CsvRows(config, warnings, excerpt.faults, config.on_invalid === 'skip' ? () => {} : undefined, () =>
    Promise.resolve(''),
  );
  try {
    const records = await recordsOf(config, beginningOf(config, excerpt), Readable.from([excerpt.text]), rows);
    for await (const _ of records);
    rows.refuseWithoutHeader();
  } catch (error) {
    if (!(error instanceof RefusedRow) || error.fault.kind === 'columns') return FAILED;
    const { kind, line } = error.fault;
    // The end of an excerpt may be inside of a quoted field.
    const isCutOff = kind === 'quotes' && !excerpt.isWhole && line > excerpt.line;
    return { until: isCutOff ? Number.POSITIVE_INFINITY : line, ...rows.seen(), isOdd };
  }
  return { until: Number.POSITIVE_INFINITY, ...rows.seen(), isOdd };
}
