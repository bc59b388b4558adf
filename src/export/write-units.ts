import { checkTarget, type Placing, type Sink, writeAtomically } from './atomic-file.ts';
import { createColumns } from './columns.ts';
import type { ExportFormat, FormatNotes, FormatWriter } from './format.ts';
import type { ExportRow } from './row.ts';
import { wholeTexts } from './whole-text.ts';

/** Rows that can be gone through more than once: columns must be known before the first row is written. */
export type RowSource = () => Iterable<ExportRow> | AsyncIterable<ExportRow>;

/** How to export. */
export interface ExportOptions extends Placing {
  /** Columns by header, by group and name (`payload.id`, `unit.status`, `result.title`), or whole `payload`, `result`. */
  readonly fields?: readonly string[];
  /** Leaves text that a spreadsheet would run as a formula as it is. */
  readonly raw?: boolean;
  /** The job has not ended: every row then says `partial`. */
  readonly partial?: boolean;
  readonly signal?: AbortSignal;
}

/** What was exported; `sha256` is hex. */
export interface ExportReport extends FormatNotes {
  readonly path: string;
  readonly format: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly partial: boolean;
}

/** Rows that show the columns; a later row with another one makes the export start over with all columns known. */
const SAMPLE_ROWS = 1_000;
/** Rows that are looked at in one turn of the event loop. */
const ROWS_A_TURN = 200;

/**
 * Writes units to a file, streaming, atomically. Throws AbpError: `invalid_input` (unknown field, a directory),
 * `already_exists`, `conflict`, `environment` (not writable); then no file remains.
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

/** Rows as they are: one pass. */
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
 * Rows as cells. The first rows show the columns, all rows when fields are selected (a wrong name is refused before
 * anything is written); one pass is enough unless a later row has a new column.
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
      // Nothing is written meanwhile that would let others have their turn: a heartbeat must not wait for all rows.
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

/** Writes all rows; the number of them, or null as soon as `textOf` says that it cannot go on. */
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
