import { z } from 'zod';
import { AbpError } from '../domain/error.ts';
import { didYouMean } from '../domain/nearest.ts';
import { show } from '../domain/validate.ts';
import type { EnumeratedItem, EnumerationContext, Enumerator, InvalidRecord } from '../ports/enumerator.ts';
import { limitField, onDuplicateField, onInvalidField } from './reading/fields.ts';
import { reject, textFault } from './reading/invalid.ts';
import { sensitivePowers } from './reading/paths.ts';
import { ROW_WARNINGS, rowPayload, uniqueNames } from './reading/rows.ts';
import { countWarnings } from './reading/warnings.ts';
import { throwIfAborted } from './reading/yielder.ts';
import { fileOf, resolveConnection, schemeOf } from './sql/connection.ts';
import { asUrl } from './sql/postgres-address.ts';
import { type SqlEngine, type SqlRow, withoutPassword } from './sql/source.ts';

/** Scheme of a connection string → engine. */
const ENGINES: Readonly<Record<string, () => Promise<SqlEngine>>> = {
  sqlite: async () => (await import('./sql/sqlite.ts')).sqlite,
  postgres: async () => (await import('./sql/postgres.ts')).postgres,
  postgresql: async () => (await import('./sql/postgres.ts')).postgres,
  mysql: async () => (await import('./sql/mysql.ts')).mysql,
  mariadb: async () => (await import('./sql/mysql.ts')).mysql,
};

/** Whether a number is the one that was written: an integer beyond 2^53 may not be; beyond 2^63 databases have no integers. */
const isExact = (value: number) =>
  !Number.isInteger(value) || Number.isSafeInteger(value) || Math.abs(value) >= 2 ** 63;

const exactNumber = z.number().refine(isExact, {
  error: ({ input }) =>
    `expected a whole number beyond 2^53 as text, found ${String(input)}, whose last digits may be lost`,
});

const param = z.union([z.string(), exactNumber, z.boolean(), z.null()]);

const configSchema = z.strictObject({
  connection_string: z
    .string()
    .min(1)
    .describe(
      'A SQLite file (its path, sqlite:///path or a file: URL), postgres://user@host/database, "host=… dbname=…" of PostgreSQL, or mysql://user@host/database. A password is better left out and given as PGPASSWORD or MYSQL_PWD.',
    ),
  query: z
    .string()
    .min(1)
    .refine((query) => !query.includes('\0'), {
      error: 'expected text without a NUL character, where a database would stop reading',
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
  on_invalid: onInvalidField,
  limit: limitField,
});

type SqlConfig = z.infer<typeof configSchema>;

/** Items from the rows of a query. */
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
  root: ({ connection_string }) => fileOf(connection_string),
  readable: () => [],
  powers({ connection_string }, bounds) {
    const file = fileOf(connection_string);
    if (file !== null) return sensitivePowers(file, bounds);
    return [{ kind: 'network', what: `the database ${withoutPassword(connection_string)}` }];
  },
  enumerate,
};

async function* enumerate(given: SqlConfig, context: EnumerationContext): AsyncGenerator<EnumeratedItem> {
  // A resolved path is not resolved again: the file that was approved is read.
  const isResolved = fileOf(given.connection_string)?.startsWith('/') === true;
  const config = isResolved ? given : sqlEnumerator.resolve(given, context);
  const connection = fileOf(config.connection_string) ?? asUrl(config.connection_string);
  const isFile = fileOf(config.connection_string) !== null;
  const scheme = isFile ? 'sqlite' : (schemeOf(connection) ?? '');
  const params = config.params ?? null;
  if (!isFile && params !== null && !Array.isArray(params)) {
    throw new AbpError('invalid_input', `params: expected a list for ${scheme}, found an object`, {
      hint: 'Named placeholders are for SQLite; use $1 (Postgres) or ? (MySQL) and a list.',
    });
  }
  const engine = await ENGINES[scheme]?.();
  if (!engine) throw unknownScheme(scheme);
  const warnings = countWarnings(context.warn, ROW_WARNINGS);
  let left = config.limit ?? Number.POSITIVE_INFINITY;
  let itemOf: ReturnType<typeof itemMaker> = () => ({ payload: {} });
  try {
    for await (const part of engine({
      connection,
      query: config.query,
      params,
      // Rows that are left out do not count.
      limit: config.on_invalid === 'skip' ? undefined : config.limit,
      signal: context.signal,
    })) {
      throwIfAborted(context.signal);
      if ('columns' in part) {
        itemOf = itemMaker(uniqueNames(part.columns, warnings), config.id_column, !isFile);
        continue;
      }
      for (const row of part.rows) {
        const item = itemOf(row);
        if ('reason' in item) {
          await reject(context, config, { source: 'query', ...item });
          continue;
        }
        yield item;
        if (--left === 0) return;
      }
    }
  } finally {
    warnings.report();
  }
}

/** A row that cannot be an item, and why. */
type Fault = Omit<InvalidRecord, 'source'>;

/** Makes the items of rows, in order; `mayBeBroken`: texts may hold half of a surrogate pair, as JSON of a server may. */
function itemMaker(
  names: readonly string[],
  idColumn: string | undefined,
  mayBeBroken: boolean,
): (row: SqlRow) => EnumeratedItem | Fault {
  const payloadOf = rowPayload(names);
  const idAt = idColumn === undefined ? -1 : names.indexOf(idColumn);
  if (idColumn !== undefined && idAt < 0) {
    const message = `id_column: expected a column of the query, found ${show(idColumn)}.${didYouMean(idColumn, names)}`;
    throw new AbpError('invalid_input', message, { hint: `Columns: ${names.map(show).join(', ')}.` });
  }
  let index = 0;
  let items = 0;
  return (row) => {
    const number = index++;
    const place = `row ${number + 1}`;
    if ('reason' in row) return { place, ...row };
    const id = idAt < 0 ? String(number) : row[idAt];
    if ((typeof id !== 'string' || id === '') && typeof id !== 'number') {
      const reason = `expected a text or number in id_column ${show(idColumn)}, found ${show(id)}`;
      return {
        place,
        reason,
        hint: 'Choose a column that always has a value, or leave id_column out to number the rows.',
      };
    }
    const key = String(id);
    const payload = payloadOf(row, number, key);
    const reason = mayBeBroken ? textFault(payload) : null;
    if (reason !== null) return { place, reason, hint: 'Select that column in another form, or leave the row out.' };
    return idAt < 0 && number === items++ ? { place, payload } : { key, place, payload };
  };
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
