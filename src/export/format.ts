import type { Json, JsonObject } from '../domain/json.ts';
import type { ExportRow } from './row.ts';

/** What is in one cell: JSON, or undefined where a row has nothing for a column. */
export type Cell = Json | undefined;

/** How one export is written, piece by piece; every method returns the next text of the file. */
export interface FormatWriter {
  /** Before the first row. `headers` is empty when rows are written whole. */
  begin(headers: readonly string[]): string;
  /** The row of a unit as cells in the order of the headers. */
  cells(cells: readonly Cell[], unit: number): string;
  /** A row as it is, for formats that can. */
  whole(row: ExportRow | (ExportRow & { readonly partial: true })): string;
  end(): string;
  /** What whoever reads the file has to know about it. */
  notes(): FormatNotes;
}

/** What is not in a file as it was, or may not be read whole. */
export interface FormatNotes {
  /** Cells that were changed so that no spreadsheet runs them as a formula. */
  readonly guarded: number;
  /** Cells without the NUL characters that they had; absent where there were none. */
  readonly nul_left_out?: number;
  /** Rows in whose texts half of a character became U+FFFD; absent where there were none. */
  readonly halves_replaced?: number;
  /** Cells that are longer than a cell of Excel can be, with the first of them; absent where there are none. */
  readonly long_cells?: { readonly count: number; readonly first: readonly LongCell[] };
}

/** The notes of a report alone, to be kept; none of what did not happen. */
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

/** A cell with its place and its length in UTF-16 code units; `unit` is null in the header. */
export interface LongCell {
  readonly unit: number | null;
  readonly column: string;
  readonly characters: number;
}

/** The port of an export format: one file, one line in the table. */
export interface ExportFormat {
  readonly type: string;
  readonly extension: string;
  /** As HTTP tells it. */
  readonly mediaType: string;
  readonly description: string;
  /** Whether rows are always cells: then results are flattened to columns, else only when fields are selected. */
  readonly tabular: boolean;
  /** `raw` leaves cells that a spreadsheet would run as a formula as they are. */
  open(options: { readonly raw: boolean }): FormatWriter;
}
