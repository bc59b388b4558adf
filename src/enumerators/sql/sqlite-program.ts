import { isUtf8 } from 'node:buffer';
import { readFileSync, writeSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { Json } from '../../domain/json.ts';
import type { SqlParam, SqlQuery } from './source.ts';

/**
 * Program of the child process that runs a query on a SQLite file: SQLite blocks the thread it runs on, and a thread in a
 * native call cannot be ended. Reads a request (JSON) from stdin, writes lines to descriptor 3: JSON, one row or one message
 * each. The engine judges the query: it must return rows and write nothing, because `readonly` alone permits ATTACH and some
 * PRAGMAs.
 */

/** One query; `connection` is the absolute path of the file, limit null = all rows. */
export type SqliteRequest = Pick<SqlQuery, 'connection' | 'query' | 'params'> & { readonly limit: number | null };

/** A line that is not a row. */
export type SqliteMessage =
  | { readonly columns: readonly string[] }
  /** A row with text that is not UTF-8: the column, and the first bytes of the text in hexadecimal. */
  | { readonly broken: string; readonly bytes: string }
  /** The statement writes, or returns no rows. */
  | { readonly refused: true }
  /** Fault of the engine after so many rows. */
  | { readonly error: { readonly message: string; readonly code: string; readonly rows: number } };

/** Values of a row, as the driver returns them with safe integers. */
type Values = readonly (string | number | bigint | Buffer | null)[];

const BATCH_CHARACTERS = 64 * 1024;
/** Longest time that a row waits for others before it is written. */
const DELAY_MS = 20;
const BUSY_MS = 2000;
/** Bytes of broken text that are shown. */
const SHOWN_BYTES = 20;

let lines = '';
let due = 0;

function flush(): void {
  const bytes = Buffer.from(lines);
  for (let at = 0; at < bytes.length; ) at += writeSync(3, bytes, at);
  lines = '';
  due = performance.now() + DELAY_MS;
}

function write(line: readonly Json[] | SqliteMessage): void {
  lines += `${JSON.stringify(line)}\n`;
  if (lines.length > BATCH_CHARACTERS || performance.now() > due) flush();
}

function run({ connection, query, params, limit }: SqliteRequest): void {
  let rows = 0;
  try {
    const database = new Database(connection, { readonly: true, fileMustExist: true, timeout: BUSY_MS });
    const statement = database.prepare<unknown[], Values>(query);
    if (!statement.reader || !statement.readonly) {
      write({ refused: true });
      return;
    }
    const columns = statement.columns().map(({ name }) => name);
    write({ columns });
    // The second row may take long: the first does not wait for it.
    due = 0;
    const bound = bindings(params);
    const bytesOf = bytesReader(database, query, columns, bound);
    statement.safeIntegers().raw();
    for (const row of statement.iterate(...bound)) {
      write((row.some(isSuspect) && brokenText(row, columns, bytesOf(rows))) || row.map(toJson));
      if (++rows === limit) return;
    }
  } catch (error) {
    const { message, code, name } = error as Error & { readonly code?: string };
    write({ error: { message, code: code ?? name, rows } });
  }
}

/** Values for the placeholders: a list, or an object of named ones. */
function bindings(params: SqliteRequest['params']): unknown[] {
  if (params === null) return [];
  if (Array.isArray(params)) return [params.map(bind)];
  return [Object.fromEntries(Object.entries(params).map(([name, value]) => [name, bind(value)]))];
}

/** Integers as INTEGER (as REAL, 5 does not match the text '5'); booleans as 1 and 0. */
function bind(value: SqlParam): unknown {
  return typeof value === 'boolean' || Number.isSafeInteger(value) ? BigInt(value as number | boolean) : value;
}

function toJson(value: Values[number]): Json {
  if (typeof value === 'bigint') return BigInt.asIntN(54, value) === value ? Number(value) : String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  return Buffer.isBuffer(value) ? { $base64: value.toString('base64') } : value;
}

/** Whether the value may be text that is not UTF-8: the driver replaces bytes that do not fit by U+FFFD. */
function isSuspect(value: Values[number]): boolean {
  return typeof value === 'string' && value.includes('\ufffd');
}

/** The message for a row whose text is not UTF-8, judged by its bytes; null when all of it is. */
function brokenText(row: Values, columns: readonly string[], bytes: Values): SqliteMessage | null {
  for (const [at, value] of row.entries()) {
    const raw = bytes[at];
    if (!Buffer.isBuffer(raw) || isUtf8(raw) || raw.toString() !== value) continue;
    return { broken: columns[at] ?? '', bytes: raw.toString('hex', 0, SHOWN_BYTES) };
  }
  return null;
}

/**
 * Returns a reader of rows as bytes, for ascending row numbers: a second statement that reads no further than it has to.
 * Returns no values for a query that cannot be selected from.
 */
function bytesReader(database: Database.Database, query: string, columns: readonly string[], bound: unknown[]) {
  const list = (write: (at: number) => string) => columns.map((_, at) => write(at)).join(', ');
  const inner = `${query.replace(/;\s*$/, '')}\n`;
  const asBytes = `WITH abp(${list((at) => `c${at}`)}) AS (${inner}) SELECT ${list((at) => `CAST(c${at} AS BLOB)`)} FROM abp`;
  let rows: IterableIterator<Values> | undefined;
  let next = 0;
  return (row: number): Values => {
    try {
      rows ??= database
        .prepare<unknown[], Values>(asBytes)
        .raw()
        .iterate(...bound);
      for (; next < row; next++) rows.next();
      next++;
      const found = rows.next();
      return found.done ? [] : found.value;
    } catch {
      return [];
    }
  };
}

run(JSON.parse(readFileSync(0, 'utf8')) as SqliteRequest);
flush();
process.exit(0);
