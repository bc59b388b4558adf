import { AbpError } from '../../domain/error.ts';
import type { Json } from '../../domain/json.ts';
import { throwIfAborted } from '../reading/yielder.ts';
import { bindsChannel, connectTimeout } from './postgres-address.ts';
import { exactParsers, isUnknown, type PgTypes, TYPES, type TypeRow } from './postgres-types.ts';
import {
  connectionLost,
  loadOptional,
  notReachable,
  queryRefused,
  readUrl,
  type SqlPart,
  type SqlQuery,
  toJson,
} from './source.ts';

/** The part of the package `pg` that is used. */
export interface Pg {
  readonly default: {
    readonly Client: new (options: object) => PgClient;
    readonly types: PgTypes;
  };
}
interface PgClient {
  readonly processID: number | null;
  connect(): Promise<unknown>;
  query(
    query: object,
  ): Promise<{ readonly fields: readonly PgField[]; readonly rows: readonly (readonly (string | null)[])[] }>;
  end(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): void;
}

interface PgField {
  readonly name: string;
  readonly dataTypeID?: number;
}

const BATCH = 500;
const BEGIN = 'BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL DateStyle = ISO';
const DECLARE = 'DECLARE abp_rows NO SCROLL CURSOR FOR ';

/** Time that a server has to stop a statement before its connection is closed. */
const CANCEL_MS = 3000;

/**
 * Reads the rows of a query on PostgreSQL. The server judges the query: a cursor accepts only queries, a read-only transaction
 * no writes, and a prepared statement only one statement.
 */
export async function* postgres(
  { connection, query, params, limit, signal }: SqlQuery,
  load = () => loadOptional<Pg>('pg'),
): AsyncGenerator<SqlPart> {
  const { Client, types } = (await load()).default;
  const options = {
    connectionString: connection,
    application_name: 'abp',
    enableChannelBinding: bindsChannel(connection),
    connectionTimeoutMillis: connectTimeout(connection) ?? 15_000,
    // Values are parsed here, because some types have to be looked up first.
    types: { getTypeParser: () => String },
  };
  const client = readUrl(connection, () => new Client(options));
  // The query that fails reports the error; without a listener it would end the process.
  client.on('error', () => {});
  await client.connect().catch((error: unknown) => {
    throw notReachable(connection, error);
  });
  let cut: NodeJS.Timeout | undefined;
  const giveUp = () => {
    void cancel(new Client({ ...options, query_timeout: CANCEL_MS }), client.processID);
    // During a statement this closes the connection: its reader gets the error.
    cut = setTimeout(() => void client.end(), CANCEL_MS);
  };
  signal?.addEventListener('abort', giveUp, { once: true });
  let rows = 0;
  let toRow = (_row: readonly (string | null)[]): Json[] => [];
  try {
    await client.query({ text: BEGIN });
    await client.query({ name: 'abp_declare', text: DECLARE + query, values: params ?? [] });
    for (;;) {
      throwIfAborted(signal);
      const count = Math.min(BATCH, (limit ?? Number.POSITIVE_INFINITY) - rows);
      const batch = await client.query({ text: `FETCH ${count} FROM abp_rows`, rowMode: 'array' });
      if (rows === 0) {
        toRow = rowParser(types, batch.fields, await typesOf(client, batch.fields));
        yield { columns: batch.fields.map(({ name }) => name) };
      }
      rows += batch.rows.length;
      if (batch.rows.length > 0) yield { rows: batch.rows.map(toRow) };
      if (batch.rows.length < count || rows === limit) return;
    }
  } catch (error) {
    throwIfAborted(signal);
    if (error instanceof AbpError) throw error;
    const isRefusal = error instanceof Error && 'severity' in error;
    throw isRefusal ? queryRefused(describe(error), error, rows) : connectionLost(connection, error, rows);
  } finally {
    signal?.removeEventListener('abort', giveUp);
    clearTimeout(cut);
    await client.end();
  }
}

/** Looks up the types of columns that are not usual ones. */
async function typesOf(client: PgClient, fields: readonly PgField[]): Promise<readonly TypeRow[]> {
  const asked = [...new Set(fields.map(({ dataTypeID }) => dataTypeID).filter(isUnknown))];
  if (asked.length === 0) return [];
  const { rows } = await client.query({ text: TYPES, values: [asked], rowMode: 'array' });
  return rows as unknown as readonly TypeRow[];
}

function rowParser(types: PgTypes, fields: readonly PgField[], asked: readonly TypeRow[]) {
  const parserOf = exactParsers(types, asked);
  const parsers = fields.map(({ dataTypeID = TEXT }) => parserOf(dataTypeID));
  return (row: readonly (string | null)[]): Json[] =>
    row.map((text, at) => (text === null ? null : toJson(parsers[at]?.(text) ?? null)));
}

const TEXT = 25;

/** Returns the server's message with its position, which counts from 1 in the text that was sent. */
function describe({ message, position }: Error & { position?: string }): string {
  const at = Number(position) - DECLARE.length;
  return at > 0 ? `${message} (character ${at})` : message;
}

/** Stops the running statement of a connection from another one; its reader sees the error. */
async function cancel(other: PgClient, processId: number | null): Promise<void> {
  other.on('error', () => {});
  await other
    .connect()
    .then(() => other.query({ text: 'SELECT pg_cancel_backend($1)', values: [processId] }))
    .catch(() => {});
  await other.end();
}
