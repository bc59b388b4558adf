import type { Json } from '../domain/json.ts';
import type { ExportRow } from './row.ts';

/** What is in one cell: JSON, or undefined where a row has nothing for a column. */
export type Cell = Json | undefined;

/** How one export is written, piece by piece; every method returns the next text of the file. */
export interface FormatWriter {
  /** Before the first row. `headers` is empty when rows are written whole. */
  begin(headers: readonly string[]): string;
  /** A row as cells in the order of the headers. */
  cells(cells: readonly Cell[]): string;
  /** A row as it is, for formats that can. */
  whole(row: ExportRow | (ExportRow & { readonly partial: true })): string;
  end(): string;
  /** Cells that were changed so that no spreadsheet runs them as a formula. */
  guarded(): number;
}

/** The port of an export format: one file, one line in the table. */
export interface ExportFormat {
  readonly type: string;
  readonly extension: string;
  readonly description: string;
  /** Whether rows are always cells: then results are flattened to columns, else only when fields are selected. */
  readonly tabular: boolean;
  /** `raw` leaves cells that a spreadsheet would run as a formula as they are. */
  open(options: { readonly raw: boolean }): FormatWriter;
}
