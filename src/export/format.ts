import type { FormatNotes } from '../domain/export-format.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { ExportRow } from './row.ts';

/** Content of a cell: JSON; undefined = the row has no value for the column. */
export type Cell = Json | undefined;

/** Writer of one export, piece by piece; every method returns the next text of the file. */
export interface FormatWriter {
  /** Returns the text before the first row. `headers` is empty when rows are written whole. */
  begin(headers: readonly string[]): string;
  /** Returns a unit's row from cells in the order of the headers. */
  cells(cells: readonly Cell[], unit: number): string;
  /** Returns a row as it is, for formats that support that. */
  whole(row: ExportRow | (ExportRow & { readonly partial: true })): string;
  end(): string;
  /** Returns facts about the file for its reader. */
  notes(): FormatNotes;
}

/** Returns the notes of a report as JSON to be stored, without those that count nothing. */
export function notesOf({ guarded, nul_left_out, halves_replaced, long_cells }: FormatNotes): JsonObject {
  return {
    ...(guarded > 0 && { guarded }),
    ...(nul_left_out !== undefined && { nul_left_out }),
    ...(halves_replaced !== undefined && { halves_replaced }),
    ...(long_cells !== undefined && {
      long_cells: { count: long_cells.count, first: long_cells.first.map((cell) => ({ ...cell })) },
    }),
  };
}

/** The port of an export format: one file, one line in the table. */
export interface ExportFormat {
  readonly type: string;
  readonly description: string;
  /** True = rows are always cells, with results flattened to columns; false = only when fields are selected. */
  readonly tabular: boolean;
  /** Creates a writer. `raw` keeps cells that a spreadsheet would run as a formula. */
  open(options: { readonly raw: boolean }): FormatWriter;
}
