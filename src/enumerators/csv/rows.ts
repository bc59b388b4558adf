import { didYouMean } from '../../domain/nearest.ts';
import type { EnumeratedItem, Hint, InvalidRecord } from '../../ports/enumerator.ts';
import { markUndecodable, type TextFaults } from '../reading/decoder.ts';
import { ALL_KNOWN, type RefusalEnd } from '../reading/invalid.ts';
import { MAX_ITEM_LENGTH, rowPayload, uniqueNames } from '../reading/rows.ts';
import { nulFound, undecodable } from '../reading/text.ts';
import type { WarningCounter } from '../reading/warnings.ts';
import type { CsvConfig } from './config.ts';
import { lineCounter, type RecordInfo } from './lines.ts';
import { warnOfData } from './warnings.ts';

/** Kind of fault: no header, missing id_column (the reason names the file), too few or too many fields, quotes, text, no id. */
export type CsvFaultKind = 'header' | 'columns' | 'short' | 'long' | 'quotes' | 'text' | 'id';

/** A row that cannot be read: reason, line, and what was known of the file at that point. */
export interface CsvFault {
  readonly kind: CsvFaultKind;
  readonly line: number;
  readonly reason: string;
  /** The line after the header; 1 before it is known. */
  readonly headerEnd: number;
  readonly names: readonly string[];
}

/** Ends the reading of a file: the row makes the rest unreadable, or no collector takes invalid rows. */
export class RefusedRow extends Error {
  readonly fault: CsvFault;
  readonly record: InvalidRecord;
  readonly ending: RefusalEnd;

  constructor(fault: CsvFault, record: InvalidRecord, ending: RefusalEnd) {
    super(fault.reason);
    this.fault = fault;
    this.record = record;
    this.ending = ending;
  }
}

/** Messages for csv-parse error codes: expected and found. */
const FAULTS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'expected a closing quote, found the end of the file',
  CSV_INVALID_CLOSING_QUOTE: 'expected a delimiter after a closing quote, found text',
  CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE: 'expected a delimiter after a closing quote, found text',
  INVALID_OPENING_QUOTE: 'expected no quote inside a field without quotes, found one',
  CSV_MAX_RECORD_SIZE: `expected a row of at most ${MAX_ITEM_LENGTH} bytes, found a longer one`,
};

/** Replaces undecodable bytes in the text that csv-parse receives. */
const UNDECODABLE_BYTES = '\0\ufffd';

/** Turns records into items, in order: reads the header, then checks each row and builds its payload. */
export class CsvRows {
  private readonly config: CsvConfig;
  private readonly warnings: WarningCounter;
  private readonly faults: TextFaults;
  private readonly collect: ((record: InvalidRecord) => void) | undefined;
  private readonly hintFor: (fault: CsvFault) => Promise<Hint>;
  private readonly lines = lineCounter();
  private readonly limit: number;
  private hasText = false;
  private hasNul = false;
  private names: readonly string[] | null = null;
  private headerEnd = 1;
  private payloadOf: ReturnType<typeof rowPayload> = () => ({});
  private idAt = -1;
  /** Rows seen, and items returned. */
  private index = 0;
  private given = 0;
  /** Line of the last faulty row: csv-parse may report several errors for one row. */
  private faultyRow = -1;

  /** `collect` takes rows that cannot be items; without it the first one ends the file. `hintFor` gives the advice for a fault. */
  constructor(
    config: CsvConfig,
    warnings: WarningCounter,
    faults: TextFaults,
    collect: ((record: InvalidRecord) => void) | undefined,
    hintFor: (fault: CsvFault) => Promise<Hint>,
  ) {
    this.config = config;
    this.warnings = warnings;
    this.faults = faults;
    this.collect = collect;
    this.hintFor = hintFor;
    this.limit = config.limit ?? Number.POSITIVE_INFINITY;
  }

  /** Counts lines at the beginning that are not rows. */
  skipLines(count: number): void {
    this.lines.skip(count);
  }

  /** Prepares text for csv-parse, which reads bytes: undecodable marks are replaced. */
  prepare(text: string): string {
    this.hasText = true;
    this.hasNul ||= text.includes('\0');
    return this.faults.undecodable ? markUndecodable(text, UNDECODABLE_BYTES) : text;
  }

  /** Checks whether the limit is reached; later rows do not matter. */
  isDone(): boolean {
    return this.given === this.limit;
  }

  /** Rows, items and columns so far. */
  seen(): { readonly rows: number; readonly items: number; readonly columns: number } {
    return { rows: this.index, items: this.given, columns: this.names?.length ?? 0 };
  }

  read(fields: readonly string[], info: RecordInfo): EnumeratedItem | null {
    if (this.isDone()) return null;
    const start = this.lines.startOf(fields, info);
    if (this.names === null) {
      this.names = this.takeNames(fields, start);
      if (this.config.has_header) {
        this.headerEnd = this.lines.next();
        return null;
      }
      this.headerEnd = start;
    }
    const row = this.index++;
    if (row < this.config.offset) return null;
    const even = fields.length === this.names.length ? fields : this.fitToColumns(fields, this.names, start);
    return even === null ? null : this.item(even, row, start);
  }

  /** Handles a csv-parse error; only after a quote in an unquoted field is the start of the next row certain. */
  fault(error: Error & RecordInfo & { readonly code: string }): void {
    if (this.isDone()) return;
    const line = this.lines.startOfFault(error);
    const reason = FAULTS[error.code];
    if (reason === undefined) throw error;
    if (error.code !== 'INVALID_OPENING_QUOTE' || this.names === null) throw this.fatal('quotes', line, reason);
    this.lines.passFault(error);
    if (line === this.faultyRow) return;
    this.faultyRow = line;
    if (this.index++ >= this.config.offset) this.reject('quotes', line, reason);
  }

  /** Throws RefusedRow if the source has no header. */
  refuseWithoutHeader(): void {
    if (this.names !== null || !this.config.has_header) return;
    const { skip_lines } = this.config;
    const nothing = skip_lines > 0 ? `no more than the ${skip_lines} of skip_lines` : 'an empty file';
    const found = this.hasText ? 'only empty lines and comments' : nothing;
    throw this.fatal('header', this.lines.next(), `expected a row of column names, found ${found}`);
  }

  private takeNames(first: readonly string[], line: number): readonly string[] {
    const { columns, has_header, id_column } = this.config;
    if (columns && columns.length !== first.length) {
      const reason = `expected ${columns.length} fields (as many as columns), found ${first.length}`;
      throw this.fatal(first.length < columns.length ? 'short' : 'long', line, reason, columns);
    }
    const fault = has_header && !columns ? this.faultOfText(first) : null;
    if (fault !== null) throw this.fatal('text', line, fault);
    if (has_header && !columns) warnOfData(first, this.warnings);
    const names =
      columns ?? (has_header ? uniqueNames(first, this.warnings) : first.map((_, at) => `column_${at + 1}`));
    this.payloadOf = rowPayload(names);
    if (id_column !== undefined) {
      this.idAt = names.indexOf(id_column);
      const expected = `expected a column of ${this.config.file_path}, found ${JSON.stringify(id_column)}`;
      const reason = `id_column: ${expected}.${didYouMean(id_column, names)}`;
      if (this.idAt < 0) throw this.fatal('columns', line, reason, names);
    }
    return names;
  }

  /**
   * Fits a row with a wrong number of fields to the columns if the config allows it; else rejects it and returns null.
   */
  private fitToColumns(fields: readonly string[], columns: readonly string[], line: number): readonly string[] | null {
    const tooMany = fields.slice(columns.length);
    if (this.config.ragged_rows === 'pad' && tooMany.every((field) => field.trim() === '')) {
      return columns.map((_, at) => fields[at] ?? '');
    }
    const reason = `expected ${columns.length} fields, found ${fields.length}`;
    this.reject(tooMany.length === 0 ? 'short' : 'long', line, reason, this.config.ragged_rows === 'skip');
    return null;
  }

  private item(fields: readonly string[], row: number, line: number): EnumeratedItem | null {
    const place = `line ${line}`;
    const fault = this.hasNul || this.faults.undecodable ? this.faultOfText(fields) : null;
    const key = this.idAt < 0 ? String(row) : (fields[this.idAt] ?? '');
    if (fault !== null || key === '') {
      const noKey = `expected a value in id_column ${JSON.stringify(this.config.id_column)}, found none`;
      this.reject(fault === null ? 'id' : 'text', line, fault ?? noKey);
      return null;
    }
    if (fields.every((field) => field.trim() === '')) this.warnings.add('empty_row', place);
    const payload = this.payloadOf(fields, row, key);
    const isPosition = this.idAt < 0 && row === this.given;
    this.given++;
    return isPosition ? { place, payload } : { key, place, payload };
  }

  private faultOfText(fields: readonly string[]): string | null {
    if (fields.some((field) => field.includes(UNDECODABLE_BYTES))) return undecodable(this.faults.encoding);
    return fields.some((field) => field.includes('\0')) ? nulFound(this.faults.encoding) : null;
  }

  private reject(kind: CsvFaultKind, line: number, reason: string, skipped = false): void {
    const fault = this.faultAt(kind, line, reason);
    const record = { ...this.recordOf(fault), skipped };
    if (this.collect) this.collect(record);
    else if (!skipped)
      throw new RefusedRow(fault, record, { ...ALL_KNOWN, helpsToSkip: this.config.on_invalid !== 'skip' });
  }

  /** Makes the error that ends the source. */
  private fatal(kind: CsvFaultKind, line: number, reason: string, names?: readonly string[]): RefusedRow {
    const fault = this.faultAt(kind, line, reason, names);
    return new RefusedRow(fault, this.recordOf(fault), { ...ALL_KNOWN, helpsToSkip: false });
  }

  private faultAt(kind: CsvFaultKind, line: number, reason: string, names = this.names ?? []): CsvFault {
    return { kind, line, reason, headerEnd: this.headerEnd, names };
  }

  private recordOf(fault: CsvFault): InvalidRecord {
    const { file_path: source } = this.config;
    return { source, place: `line ${fault.line}`, reason: fault.reason, hint: () => this.hintFor(fault) };
  }
}
