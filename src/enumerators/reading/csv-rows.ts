import type { EnumeratedItem, EnumerationContext } from '../../domain/enumerator.ts';
import { AbpError } from '../../domain/error.ts';
import { didYouMean } from '../../domain/nearest.ts';
import type { CsvConfig } from '../csv.ts';
import { FAULTS, quotesHint, raggedHint } from './csv-hints.ts';
import { warnOfData } from './csv-warnings.ts';
import { invalidRecords, reject } from './invalid.ts';
import { rowPayload, uniqueNames } from './rows.ts';
import type { WarningCounter } from './warnings.ts';

/** What csv-parse tells with a record, and with a fault in one. */
interface RecordInfo {
  readonly lines: number;
  readonly empty_lines: number;
  readonly comment_lines: number;
}

/** Takes records and faults as csv-parse finds them. */
export type CsvRows = ReturnType<typeof csvRows>;

/** Turns records into items, in order: the header first, then a check and a payload for each row. */
export function csvRows(config: CsvConfig, warnings: WarningCounter, context: EnumerationContext) {
  const path = config.file_path;
  const lines = lineCounter();
  const offset = config.offset;
  const limit = config.limit ?? Number.POSITIVE_INFINITY;
  let names: readonly string[] | null = null;
  let payloadOf: ReturnType<typeof rowPayload> = () => ({});
  let idAt = -1;
  /** Rows seen, and how many of them are items. */
  let index = 0;
  let given = 0;
  /** Where the last row begins that could not be read: it may have several faults. */
  let faultyRow = -1;

  return {
    /** The first lines are no rows. */
    skipLines: lines.skip,

    /** Whether there are as many items as wanted: what is behind them does not matter. */
    isDone: () => given === limit,

    read(fields: readonly string[], info: RecordInfo): EnumeratedItem | null {
      if (given === limit) return null;
      const start = lines.startOf(fields, info);
      if (names === null) {
        names = takeNames(fields, start);
        if (config.has_header) return null;
      }
      const row = index++;
      if (row < offset) return null;
      const even = fields.length === names.length ? fields : evened(fields, names, row, start);
      return even === null ? null : item(even, row, start);
    },

    /** What csv-parse cannot read; only a quote in a bare field leaves no doubt where the next row begins. */
    fault(error: Error & RecordInfo & { readonly code: string }): void {
      if (given === limit) return;
      const start = lines.startOfFault(error);
      const reason = FAULTS[error.code];
      if (reason === undefined) throw error;
      const record = invalid(start, reason, quotesHint(config));
      if (error.code !== 'INVALID_OPENING_QUOTE' || names === null) throw invalidRecords([record], false);
      lines.leaveFault(error);
      if (start === faultyRow) return;
      faultyRow = start;
      if (index++ >= offset) reject(context, record);
    },

    /** A source without even a header says nothing about its columns. */
    refuseWithoutHeader(): void {
      if (names !== null || !config.has_header) return;
      const found = config.skip_lines > 0 ? `no more than the ${config.skip_lines} of skip_lines` : 'an empty file';
      throw invalidRecords([invalid(lines.next(), `expected a row of column names, found ${found}`, FIX)], false);
    },
  };

  function takeNames(first: readonly string[], start: number): readonly string[] {
    const count = first.length;
    if (config.columns && config.columns.length !== count) {
      const reason = `expected ${config.columns.length} fields (as many as columns), found ${count}`;
      throw invalidRecords([invalid(start, reason, raggedHint(config, config.columns, first, null))], false);
    }
    if (config.has_header && !config.columns) warnOfData(first, warnings);
    const taken =
      config.columns ?? (config.has_header ? uniqueNames(first, warnings) : first.map((_, at) => `column_${at + 1}`));
    payloadOf = rowPayload(taken);
    if (config.id_column !== undefined) {
      idAt = taken.indexOf(config.id_column);
      if (idAt < 0) throw unknownColumn(config.id_column, taken);
    }
    return taken;
  }

  /** A row with another number of fields than columns, made even if the config says so; null when it is left out. */
  function evened(
    fields: readonly string[],
    columns: readonly string[],
    row: number,
    start: number,
  ): readonly string[] | null {
    const tooMany = fields.slice(columns.length);
    if (config.ragged_rows === 'pad' && tooMany.every((field) => field.trim() === '')) {
      return columns.map((_, at) => fields[at] ?? '');
    }
    const reason = `expected ${columns.length} fields, found ${fields.length}`;
    const hint = raggedHint(config, columns, fields, row < FIRST_ROWS ? start : null);
    reject(context, { ...invalid(start, reason, hint), skipped: config.ragged_rows === 'skip' });
    return null;
  }

  function item(fields: readonly string[], row: number, start: number): EnumeratedItem | null {
    const place = `line ${start}`;
    const problem = config.on_invalid === 'skip' && fields.some((field) => field.includes('\0')) ? NUL : null;
    const key = idAt < 0 ? String(row) : (fields[idAt] ?? '');
    const reason =
      problem ?? (key === '' ? `expected a value in id_column ${JSON.stringify(config.id_column)}, found none` : null);
    if (reason !== null) {
      reject(context, invalid(start, reason, FIX));
      return null;
    }
    if (fields.every((field) => field.trim() === '')) warnings.add('empty_row', place);
    const payload = payloadOf(fields, row, key);
    const isPosition = idAt < 0 && row === given;
    given++;
    return isPosition ? { place, payload } : { key, place, payload };
  }

  function invalid(line: number, reason: string, hint: string) {
    return { source: path, place: `line ${line}`, reason, hint };
  }

  function unknownColumn(id: string, known: readonly string[]): AbpError {
    const message = `id_column: expected a column of ${path}, found ${JSON.stringify(id)}.${didYouMean(id, known)}`;
    return new AbpError('invalid_input', message, {
      hint: `Columns: ${known.map((name) => JSON.stringify(name)).join(', ')}. Where lines come before the header, skip_lines leaves them out.`,
    });
  }
}

/** A table that turns ragged behind so many rows has no lines before its header. */
const FIRST_ROWS = 100;
const FIX = 'Fix that line, or leave the row out.';
const NUL = 'expected text, found a NUL character';

/**
 * The lines of a file on which its records start. csv-parse counts lines, but a CRLF between quotes twice, and not where a
 * record starts.
 */
function lineCounter() {
  /** Line on which the next record starts, if neither an empty line nor a comment comes before it. */
  let line = 1;
  let seen: RecordInfo = { lines: 0, empty_lines: 0, comment_lines: 0 };
  /** A record with a fault was left: the lines that it still had are known with the next one. */
  let isLeft = false;

  const before = (info: RecordInfo) => info.empty_lines - seen.empty_lines + (info.comment_lines - seen.comment_lines);

  return {
    next: () => line,

    skip(count: number): void {
      line += count;
    },

    startOf(fields: readonly string[], info: RecordInfo): number {
      const extra = before(info);
      const breaks = info.lines - seen.lines - extra - 1;
      let start = line + extra;
      if (isLeft) start += Math.max(0, breaks - countIn(fields, /[\r\n]/g));
      line = start + 1 + (breaks === 0 ? 0 : countIn(fields, /\r\n|\n|\r/g));
      seen = { lines: info.lines, empty_lines: info.empty_lines, comment_lines: info.comment_lines };
      isLeft = false;
      return start;
    },

    startOfFault: (info: RecordInfo) => line + before(info) + (isLeft ? info.lines - seen.lines - before(info) - 1 : 0),

    leaveFault(info: RecordInfo): void {
      line += info.lines - seen.lines;
      seen = { lines: info.lines, empty_lines: info.empty_lines, comment_lines: info.comment_lines };
      isLeft = true;
    },
  };
}

function countIn(fields: readonly string[], breaks: RegExp): number {
  return fields.reduce((sum, field) => sum + (field.match(breaks)?.length ?? 0), 0);
}
