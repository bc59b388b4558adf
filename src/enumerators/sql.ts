import { existsSync } from 'node:fs';
import { z } from 'zod';
import type { EnumeratedItem, EnumerationContext, Enumerator } from '../domain/enumerator.ts';
import { AbpError } from '../domain/error.ts';
import type { Json } from '../domain/json.ts';
import { didYouMean } from '../domain/nearest.ts';
import { show } from '../domain/validate.ts';
import { limitField, onDuplicateField } from './reading/fields.ts';
import { absolutePath, sensitivePowers } from './reading/paths.ts';
import { ROW_WARNINGS, rowPayload, uniqueNames } from './reading/rows.ts';
import { refuseWhenAborted } from './reading/turns.ts';
import { countWarnings } from './reading/warnings.ts';
import { type SqlEngine, withoutPassword } from './sql/source.ts';

/** Scheme of a connection string → engine. */
const ENGINES: Readonly<Record<string, () => Promise<SqlEngine>>> = {
  sqlite: async () => (await import('./sql/sqlite.ts')).sqlite,
  postgres: async () => (await import('./sql/postgres.ts')).postgres,
  postgresql: async () => (await import('./sql/postgres.ts')).postgres,
  mysql: async () => (await import('./sql/mysql.ts')).mysql,
  mariadb: async () => (await import('./sql/mysql.ts')).mysql,
};

/** Beyond 2^53 a whole number may be another than the one that was written; beyond 2^63 a database has no integers. */
const isExact = (value: number) =>
  !Number.isInteger(value) || Number.isSafeInteger(value) || Math.abs(value) >= 2 ** 63;

const exactNumber = z.number().refine(isExact, {
  error: ({ input }) => `expected a whole number beyond 2^53 as text, found ${input}, whose last digits may be lost`,
});

const param = z.union([z.string(), exactNumber, z.boolean(), z.null()]);

const configSchema = z.strictObject({
  connection_string: z
    .string()
    .min(1)
    .describe(
      'A SQLite file (sqlite:///path, or just its path), postgres://user@host/database or mysql://user@host/database. A password is better left out and given as PGPASSWORD or MYSQL_PWD.',
    ),
  query: z
    .string()
    .min(1)
    .refine((query) => !query.includes('\0'), {
      error: 'expected text without a NUL character, where a database stops reading',
    })
    .describe('One statement that reads: SELECT, WITH … SELECT. It runs read-only.'),
  params: z
    .union([z.array(param), z.record(z.string(), param)])
    .optional()
    .describe(
      'Values for its placeholders: a list for ? (SQLite, MySQL) or $1 (Postgres), or an object for :name (SQLite).',
    ),
  id_column: z
    .string()
    .min(1)
    .optional()
    .describe("The column whose value is the item's key. Left out: the row's number."),
  on_duplicate: onDuplicateField,
  limit: limitField,
});

type SqlConfig = z.infer<typeof configSchema>;

/** Every row of a query. */
export const sqlEnumerator: Enumerator<SqlConfig> = {
  type: 'sql',
  description:
    'Rows of an SQL query on SQLite, PostgreSQL or MySQL, read-only. Fields: the columns, and _row_index (from 0) and _id (the key), unless columns have those names. Integers beyond 2^53 are text, bytes { "$base64": … }, times ISO 8601.',
  configSchema,
  example: {
    connection_string: 'sqlite:///home/me/shop.db',
    query: 'SELECT id, title, body FROM articles WHERE status = ?',
    params: ['draft'],
    id_column: 'id',
  },
  resolve: (config, { workingDirectory }) => ({
    ...config,
    connection_string: resolveConnection(config.connection_string, workingDirectory),
  }),
  root: fileOf,
  powers(config, bounds) {
    const file = fileOf(config);
    if (file !== null) return sensitivePowers(file, bounds);
    return [{ kind: 'network', what: `the database ${withoutPassword(config.connection_string)}` }];
  },
  enumerate,
};

async function* enumerate(given: SqlConfig, context: EnumerationContext): AsyncGenerator<EnumeratedItem> {
  const config = sqlEnumerator.resolve(given, context);
  const scheme = schemeOf(config.connection_string) ?? 'sqlite';
  const isFile = scheme === 'sqlite';
  const params = config.params ?? null;
  if (!isFile && params !== null && !Array.isArray(params)) {
    throw new AbpError('invalid_input', `params: expected a list for ${scheme}, found an object`, {
      hint: 'Named placeholders are for SQLite; use $1 (Postgres) or ? (MySQL) and a list.',
    });
  }
  const engine = await ENGINES[scheme]?.();
  if (!engine) throw unknownScheme(scheme);
  const warnings = countWarnings(context.warn, ROW_WARNINGS);
  const connection = isFile ? config.connection_string.slice('sqlite://'.length) : config.connection_string;
  let itemOf = (_row: readonly Json[]): EnumeratedItem => ({ payload: {} });
  try {
    for await (const part of engine({
      connection,
      query: config.query,
      params,
      limit: config.limit,
      signal: context.signal,
    })) {
      refuseWhenAborted(context.signal);
      if ('columns' in part) itemOf = itemMaker(uniqueNames(part.columns, warnings), config.id_column);
      else for (const row of part.rows) yield itemOf(row);
    }
  } finally {
    warnings.report();
  }
}

function itemMaker(names: readonly string[], idColumn: string | undefined): (row: readonly Json[]) => EnumeratedItem {
  const payloadOf = rowPayload(names);
  const idAt = idColumn === undefined ? -1 : names.indexOf(idColumn);
  if (idColumn !== undefined && idAt < 0) {
    const message = `id_column: expected a column of the query, found ${show(idColumn)}.${didYouMean(idColumn, names)}`;
    throw new AbpError('invalid_input', message, { hint: `Columns: ${names.map(show).join(', ')}.` });
  }
  let index = 0;
  return (row) => {
    const place = `row ${index + 1}`;
    if (idAt < 0) return { place, payload: payloadOf(row, index, String(index++)) };
    const id = row[idAt];
    if ((typeof id !== 'string' || id === '') && typeof id !== 'number') {
      throw new AbpError(
        'invalid_input',
        `${place}: expected a text or number in id_column ${show(idColumn)}, found ${show(id)}`,
        {
          hint: 'Choose a column that always has a value, or leave id_column out to number the rows.',
        },
      );
    }
    const key = String(id);
    return { key, place, payload: payloadOf(row, index++, key) };
  };
}

/** The SQLite file of a resolved config; null for a server. */
function fileOf({ connection_string }: SqlConfig): string | null {
  const file = /^sqlite:\/\/(.*)$/s.exec(connection_string);
  return file?.[1] ?? null;
}

function schemeOf(connection: string): string | null {
  return /^([a-z][a-z0-9+.-]*):/i.exec(connection)?.[1]?.toLowerCase() ?? null;
}

/**
 * `sqlite://` and an absolute path for files; the URL of a server as it is. What follows `sqlite:///` is an absolute path
 * or, as other tools write it, a relative one: what exists decides.
 */
function resolveConnection(connection: string, workingDirectory: string): string {
  const scheme = schemeOf(connection);
  if (scheme !== null && scheme !== 'sqlite') return connection;
  const path = connection.replace(/^sqlite:(\/\/)?/i, '');
  const absolute = absolutePath(path.replace(/^\/+/, '/'), workingDirectory);
  const relative = absolutePath(path.replace(/^\/+(?=.)/, ''), workingDirectory);
  const isUrl = scheme === 'sqlite' && path.startsWith('/') && !path.startsWith('//');
  return `sqlite://${isUrl && !existsSync(absolute) && existsSync(relative) ? relative : absolute}`;
}

function unknownScheme(scheme: string): AbpError {
  const known = Object.keys(ENGINES);
  return new AbpError(
    'invalid_input',
    `connection_string: expected a known database, found ${show(scheme)}.${didYouMean(scheme, known)}`,
    {
      hint: `Known: ${known.join(', ')}, or the path of a SQLite file.`,
    },
  );
}
