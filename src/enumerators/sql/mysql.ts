import type { Readable } from 'node:stream';
import { AbpError } from '../../domain/error.ts';
import type { Json } from '../../domain/json.ts';
import { throwIfAborted } from '../reading/yielder.ts';
import {
  connectionLost,
  loadOptional,
  notAQuery,
  notReachable,
  queryRefused,
  readUrl,
  type SqlPart,
  type SqlQuery,
  toJson,
} from './source.ts';

/** The part of the package `mysql2` that is used. */
export interface Mysql {
  readonly default: { createConnection(options: object): MysqlConnection };
}
type Done<T> = (error: Error | null, value: T) => void;
interface MysqlConnection {
  readonly stream: { destroy(): void };
  readonly threadId: number | null;
  connect(done: Done<undefined>): void;
  query(sql: string, done: Done<unknown>): void;
  prepare(sql: string, done: Done<MysqlStatement>): void;
  on(event: 'error', listener: (error: Error) => void): void;
  destroy(): void;
}
interface MysqlStatement {
  readonly columns: readonly { readonly name: string; readonly columnType: number }[];
  readonly parameters: readonly unknown[];
  execute(params: readonly unknown[]): { stream(options: object): Readable };
}

const BATCH = 500;
/** Time that a server has to stop a statement before its connection is closed. */
const CANCEL_MS = 3000;
const FLOAT = 4;
const TIMESTAMP = 7;
const DATETIME = 12;

/**
 * Reads the rows of a query on MySQL or MariaDB. The server judges the query before it runs it: EXPLAIN accepts only queries,
 * a prepared statement is one statement and has no columns when it returns no rows (INTO OUTFILE), and functions that it calls
 * cannot write in a read-only transaction.
 */
export async function* mysql(
  { connection, query, params, limit, signal }: SqlQuery,
  load = () => loadOptional<Mysql>('mysql2'),
): AsyncGenerator<SqlPart> {
  const { createConnection } = (await load()).default;
  const connect = () => createConnection(optionsOf(connection));
  const client = readUrl(connection, connect);
  let answer: Readable | undefined;
  // A call that fails reports it too, but a stream of rows only stops.
  client.on('error', (error) => answer?.destroy(error));
  await call((done) => client.connect(done)).catch((error: unknown) => {
    throw notReachable(connection, error);
  });
  let cut: NodeJS.Timeout | undefined;
  const giveUp = () => {
    cancel(connect(), client.threadId);
    // Its reader gets the error.
    cut = setTimeout(() => client.stream.destroy(), CANCEL_MS);
  };
  signal?.addEventListener('abort', giveUp, { once: true });
  let rows = 0;
  try {
    await call((done) => client.query("SET time_zone = '+00:00'", done));
    await call((done) => client.query('START TRANSACTION READ ONLY', done));
    await call((done) => client.prepare(`EXPLAIN ${query}`, done));
    const statement = await call<MysqlStatement>((done) => client.prepare(query, done));
    if (statement.columns.length === 0) throw notAQuery();
    const values = Array.isArray(params) ? params : [];
    refuseUnlessFitting(values.length, statement.parameters.length);
    yield { columns: statement.columns.map(({ name }) => name) };
    const convert = statement.columns.map(({ columnType }) => converterOf(columnType));
    let batch: Json[][] = [];
    answer = statement.execute(values).stream({ highWaterMark: BATCH });
    for await (const row of answer) {
      batch.push((row as unknown[]).map((value, at) => convert[at]?.(value) ?? null));
      rows++;
      if (batch.length === BATCH || rows === limit) {
        throwIfAborted(signal);
        yield { rows: batch };
        batch = [];
      }
      if (rows === limit) return;
    }
    yield { rows: batch };
  } catch (error) {
    throwIfAborted(signal);
    if (error instanceof AbpError) throw error;
    const isRefusal = error instanceof Error && 'sqlState' in error;
    throw isRefusal ? queryRefused(error.message, error, rows) : connectionLost(connection, error, rows);
  } finally {
    signal?.removeEventListener('abort', giveUp);
    clearTimeout(cut);
    client.destroy();
  }
}

function optionsOf(connection: string): object {
  const url = new URL(connection);
  return {
    uri: `mysql:${url.href.slice(url.protocol.length)}`,
    ...(url.password === '' && process.env.MYSQL_PWD ? { password: process.env.MYSQL_PWD } : {}),
    connectTimeout: 15_000,
    rowsAsArray: true,
    // Integers beyond 2^53 as text, times as the server writes them.
    supportBigNumbers: true,
    dateStrings: true,
  };
}

/** Refuses another number of values than placeholders: the server ignores surplus ones. */
function refuseUnlessFitting(given: number, wanted: number): void {
  if (given === wanted) return;
  throw new AbpError('invalid_input', `params: expected ${wanted} values, as many as the query has ?, found ${given}`, {
    hint: 'Give one value for every ?, in their order.',
  });
}

/** Returns the conversion of a column: times become ISO 8601; the session's zone is UTC, a DATETIME has none. */
function converterOf(columnType: number): (value: unknown) => Json {
  if (columnType === FLOAT) return (value) => (typeof value === 'number' ? shortest(value) : toJson(value));
  if (columnType !== TIMESTAMP && columnType !== DATETIME) return toJson;
  const zone = columnType === TIMESTAMP ? 'Z' : '';
  return (value) => (typeof value === 'string' ? value.replace(' ', 'T') + zone : toJson(value));
}

/** Rounds a 4-byte number to the fewest digits that identify it: 0.1 instead of the double 0.10000000149011612. */
function shortest(value: number): number {
  const digits = [6, 7, 8].find((count) => Math.fround(Number(value.toPrecision(count))) === value);
  return digits === undefined ? value : Number(value.toPrecision(digits));
}

/** Stops the running statement of a connection from another one; its reader gets the error. */
function cancel(other: MysqlConnection, threadId: number | null): void {
  other.on('error', () => {});
  const cut = setTimeout(() => other.stream.destroy(), CANCEL_MS);
  other.query(`KILL QUERY ${Number(threadId)}`, () => {
    clearTimeout(cut);
    other.destroy();
  });
}

function call<T>(start: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => start((error, value) => (error ? reject(error) : resolve(value))));
}
