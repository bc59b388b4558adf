import { AbpError } from '../../domain/error.ts';
import type { Json } from '../../domain/json.ts';

/** A query for an engine. */
export interface SqlQuery {
  /** Absolute path of the file (SQLite) or the URL of the server. */
  readonly connection: string;
  readonly query: string;
  /** Values for placeholders, by position or name; null = none. */
  readonly params: readonly SqlParam[] | Readonly<Record<string, SqlParam>> | null;
  readonly limit: number | undefined;
  readonly signal: AbortSignal | undefined;
}

export type SqlParam = string | number | boolean | null;

/** Part of an engine's stream: the names of the columns once, then rows in batches. */
export type SqlPart = { readonly columns: readonly string[] } | { readonly rows: readonly SqlRow[] };

/** The values of a row, or the reason why it cannot be an item and what to do. */
export type SqlRow = readonly Json[] | { readonly reason: string; readonly hint: string };

/** Runs a query read-only; the engine itself refuses a statement that is not a query, or writes. */
export type SqlEngine = (query: SqlQuery) => AsyncGenerator<SqlPart>;

const ONLY_QUERIES = 'Only one statement that reads (SELECT, WITH … SELECT, VALUES) is run; a source is never written.';

/** The error for a statement that is not a query. */
export function notAQuery(): AbpError {
  return new AbpError(
    'invalid_input',
    'query: expected a statement that returns rows and writes nothing, found another kind',
    {
      hint: ONLY_QUERIES,
    },
  );
}

/** The error for a query that the engine refuses, in the engine's words. */
export function queryRefused(message: string, cause: unknown, rows = 0, hint = ONLY_QUERIES): AbpError {
  const place = rows === 0 ? 'query' : `query, after row ${rows}`;
  return new AbpError('invalid_input', `${place}: expected one query that the database can run, found: ${message}`, {
    hint,
    cause,
  });
}

/** The error for a database that cannot be reached. `connection` is shown without its password. */
export function notReachable(connection: string, cause: unknown): AbpError {
  const message = cause instanceof Error ? cause.message || cause.name : String(cause);
  return new AbpError(
    'environment',
    `connection_string: expected a database at ${withoutPassword(connection)}, found: ${message}`,
    {
      hint: 'Check host, port, name and user; the password may be left out of the URL and given as PGPASSWORD or MYSQL_PWD.',
      cause,
    },
  );
}

/** The error for a connection that was lost during a query. */
export function connectionLost(connection: string, cause: unknown, rows: number): AbpError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new AbpError(
    'environment',
    `query, after row ${rows}: expected all rows from ${withoutPassword(connection)}, found: ${message}`,
    { hint: 'Check that the server runs and does not stop long queries, then try again.', cause },
  );
}

/** Returns what `read` makes of the URL of a database; AbpError `invalid_input` when it throws. */
export function readUrl<T>(connection: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const { message } = error as Error;
    throw new AbpError(
      'invalid_input',
      `connection_string: expected the URL of a database, found ${withoutPassword(connection)} (${message})`,
      {
        hint: 'For example postgres://user@host:5432/database; special characters in it are percent-encoded.',
        cause: error,
      },
    );
  }
}

/** Replaces the password in a URL or in keywords by `***`, for display. */
export function withoutPassword(connection: string): string {
  return connection
    .replace(/(:\/\/[^:/@]*):.*@/, '$1:***@')
    .replace(/([?&]password=)[^&]*/, '$1***')
    .replace(/(^|[\s'])(password\s*=\s*)(?:'(?:[^'\\]|\\.)*(?:'|\\?$)|(?:\\.|\S)+)/gs, '$1$2***');
}

/** Loads an optional package; AbpError `environment` with the command that installs it. */
export async function loadOptional<T>(name: string): Promise<T> {
  try {
    return (await import(name)) as T;
  } catch (error) {
    throw new AbpError('environment', `This database needs the package ${name}, which is not installed.`, {
      hint: `Install it next to agentic-batch-processor: npm install ${name} (npm install -g ${name} for a global one).`,
      cause: error,
    });
  }
}

/** Converts any value of a driver to JSON: values that JSON cannot hold become text, bytes `{ $base64 }`. */
export function toJson(value: unknown): Json {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Uint8Array) return { $base64: Buffer.from(value).toString('base64') };
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (Array.isArray(value)) return value.map(toJson);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, toJson(inner)]));
}
