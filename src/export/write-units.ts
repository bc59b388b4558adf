import type { FormatNotes } from '../domain/export-format.ts';
import { checkTarget, type Sink, type WriteOptions, writeAtomically } from './atomic-file.ts';
import { createColumns } from './columns.ts';
import type { ExportFormat, FormatWriter } from './format.ts';
import type { ExportRow } from './row.ts';
import { wholeTexts } from './whole-text.ts';

/** Rows that can be read more than once: columns must be known before the first row is written. */
export type RowSource = () => Iterable<ExportRow> | AsyncIterable<ExportRow>;

/** Options of an export. */
export interface ExportOptions extends WriteOptions {
  /** Columns by header, by group and name (`payload.id`, `unit.status`, `result.title`), or whole `payload`, `result`. */
  readonly fields?: readonly string[];
  /** True = text that a spreadsheet would run as a formula stays as it is. */
  readonly raw?: boolean;
  /** True = the job has not ended; every row then has `partial`. */
  readonly partial?: boolean;
  readonly signal?: AbortSignal;
}

/** Report of an export; `sha256` is hex. */
export interface ExportReport extends FormatNotes {
  readonly path: string;
  readonly format: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly partial: boolean;
}

/** Rows read for the columns; a later row with a new column restarts the export with all columns known. */
const SAMPLE_ROWS = 1_000;
/** Rows read in one turn of the event loop. */
const ROWS_A_TURN = 200;

/**
 * Writes units to a file, streaming and atomic. Throws AbpError `invalid_input` (unknown field, a directory),
 * `already_exists`, `conflict`, `environment` (not writable); then no file is left.
 */
export async function writeUnits(
  driver: ExportFormat,
  given: RowSource,
  path: string,
  options: ExportOptions,
): Promise<ExportReport> {
  const { partial = false } = options;
  await checkTarget(path, options);
  const { rows, replaced } = wholeTexts(given);
  const plan = driver.tabular || options.fields !== undefined ? await planTable(rows, options) : wholeRows(partial);
  let written: Written = { rows: 0, guarded: 0 };
  const file = await writeAtomically(path, options, async (sink) => {
    written = await plan(sink, rows, driver, options);
  });
  const halves = replaced();
  return { path, format: driver.type, ...written, ...(halves > 0 && { halves_replaced: halves }), ...file, partial };
}

type Plan = (sink: Sink, rows: RowSource, driver: ExportFormat, options: ExportOptions) => Promise<Written>;

type Written = FormatNotes & { readonly rows: number };

/** Plans rows as they are: one pass. */
function wholeRows(partial: boolean): Plan {
  return async (sink, rows, driver, { raw = false, signal }) => {
    const writer = driver.open({ raw });
    const count = await pass(sink, rows, writer, [], signal, (row) =>
      writer.whole(partial ? { ...row, partial: true } : row),
    );
    return { rows: count ?? 0, ...writer.notes() };
  };
}

/**
 * Plans rows as cells. The columns come from the first rows, or from all rows when fields are selected (an unknown name
 * is rejected before anything is written). One pass is enough unless a later row has a new column.
 */
async function planTable(rows: RowSource, { fields, partial = false, signal }: ExportOptions): Promise<Plan> {
  const columns = createColumns(partial);
  const learn = async (limit: number) => {
    let seen = 0;
    for await (const row of rows()) {
      signal?.throwIfAborted();
      columns.see(row);
      seen += 1;
      if (seen >= limit) break;
      // No write yields to the event loop here: a heartbeat must not wait for all rows.
      if (seen % ROWS_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await learn(fields === undefined ? SAMPLE_ROWS : Number.POSITIVE_INFINITY);
  let layout = columns.layout(fields);

  return async (sink, _rows, driver, { raw = false }) => {
    for (;;) {
      const writer = driver.open({ raw });
      const count = await pass(sink, rows, writer, layout.headers, signal, (row) => {
        const { cells, fresh } = layout.cells(row);
        return fresh && fields === undefined ? null : writer.cells(cells, row.unit);
      });
      if (count !== null) return { rows: count, ...writer.notes() };
      await sink.restart();
      await learn(Number.POSITIVE_INFINITY);
      layout = columns.layout(fields);
    }
  };
}

/** Writes all rows; returns their number, or null as soon as `textOf` returns null. */
async function pass(
  sink: Sink,
  rows: RowSource,
  writer: FormatWriter,
  headers: readonly string[],
  signal: AbortSignal | undefined,
  textOf: (row: ExportRow) => string | null,
): Promise<number | null> {
  let count = 0;
  sink.push(writer.begin(headers));
  for await (const row of rows()) {
    const text = textOf(row);
    if (text === null) return null;
    count += 1;
    if (sink.push(text)) {
      signal?.throwIfAborted();
      await sink.flush();
    }
  }
  sink.push(writer.end());
  return count;
}
