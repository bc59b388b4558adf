import { AbpError } from '../../domain/error.ts';
import type { Json } from '../../domain/json.ts';

/** A query as an engine gets it. */
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

/** What an engine streams: the names of the columns once, then rows in batches. */
export type SqlPart = { readonly columns: readonly string[] } | { readonly rows: readonly SqlRow[] };

/** The values of a row, or why it cannot be an item and what to do. */
export type SqlRow = readonly Json[] | { readonly reason: string; readonly hint: string };

/** Runs a query for reading only; the engine itself refuses what is not a query, or writes. */
export type SqlEngine = (query: SqlQuery) => AsyncGenerator<SqlPart>;

const ONLY_QUERIES = 'Only one statement that reads (SELECT, WITH … SELECT, VALUES) is run; a source is never changed.';

/** The error for a query that is no query. */
export function notAQuery(): AbpError {
  return new AbpError(
    'invalid_input',
    'query: expected a statement that gives rows and writes nothing, found another kind',
    {
      hint: ONLY_QUERIES,
    },
  );
}

/** The error for a query that the engine does not take, in the engine's words. */
export function queryRefused(message: string, cause: unknown, rows = 0, hint = ONLY_QUERIES): AbpError {
  const place = rows === 0 ? 'query' : `query, behind row ${rows}`;
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

/** The error for a database that went away while it was read. */
export function connectionLost(connection: string, cause: unknown, rows: number): AbpError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new AbpError(
    'environment',
    `query, behind row ${rows}: expected ${withoutPassword(connection)} to answer to the end, found: ${message}`,
    { hint: 'Check that the server runs and ends no long queries, then do it again.', cause },
  );
}

/** What is made from the URL of a database, or AbpError `invalid_input` when it is none. */
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

/** A URL for display. */
export function withoutPassword(connection: string): string {
  return connection
    .replace(/(:\/\/[^:/@]*):.*@/, '$1:***@')
    .replace(/([?&]password=)[^&]*/, '$1***')
    .replace(/(^|[\s'])(password\s*=\s*)(?:'(?:[^'\\]|\\.)*(?:'|\\?$)|(?:\\.|\S)+)/gs, '$1$2***');
}

/** An optional package, or AbpError `environment` that says how to install it. */
export async function loadOptional<T>(name: string): Promise<T> {
  try {
    return (await import(name)) as T;
  } catch (error) {
    throw new AbpError('environment', `This database needs the package ${name}, which is not installed.`, {
      hint: `Install it beside agentic-batch-processor: npm install ${name} (npm install -g ${name} for a global one).`,
      cause: error,
    });
  }
}

/** Any value that a driver gives, as JSON: what JSON cannot hold as text, bytes marked as `$base64`. */
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
