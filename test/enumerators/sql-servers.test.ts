import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type Mysql, mysql } from '../../src/enumerators/sql/mysql.ts';
import { type Pg, postgres } from '../../src/enumerators/sql/postgres.ts';
import { exactParsers } from '../../src/enumerators/sql/postgres-types.ts';
import type { SqlEngine, SqlPart, SqlQuery } from '../../src/enumerators/sql/source.ts';
import { PATIENCE } from '../helpers/patience.ts';
import { refusal } from './helpers.ts';

afterEach(() => void vi.useRealTimers());

/** What an engine gives for a query. */
async function partsOf(parts: ReturnType<SqlEngine>): Promise<SqlPart[]> {
  const given: SqlPart[] = [];
  for await (const part of parts) given.push(part);
  return given;
}

const asked = (connection: string, query: Partial<SqlQuery> = {}): SqlQuery => ({
  connection,
  query: 'SELECT id',
  params: null,
  limit: undefined,
  signal: undefined,
  ...query,
});

describe('postgres', () => {
  /** A client that answers FETCH from these rows and notes what it is asked; without rows it never answers. */
  function fake(all: readonly string[][] | null) {
    const heard: string[] = [];
    const rest = [...(all ?? [])];
    class Client {
      readonly processID = 1;
      private fail = (_: Error) => {};
      async connect() {}
      end() {
        heard.push('end');
        this.fail(new Error('Connection terminated'));
        return Promise.resolve();
      }
      on() {}
      async query({ text }: { text: string }) {
        heard.push(text);
        if (all === null && text.startsWith('FETCH')) {
          return new Promise<never>((_, reject) => {
            this.fail = reject;
          });
        }
        const count = Number(/^FETCH (\d+)/.exec(text)?.[1] ?? 0);
        return { fields: [{ name: 'id' }], rows: rest.splice(0, count) };
      }
    }
    const pg: Pg = { default: { Client, types: { getTypeParser: () => (text) => text } } };
    const load = () => Promise.resolve(pg);
    return { heard, run: (query: Partial<SqlQuery> = {}) => partsOf(postgres(asked('postgres://x', query), load)) };
  }

  test('runs inside a read-only transaction, through a cursor, in batches, and closes the connection', async () => {
    const { heard, run } = fake(Array.from({ length: 501 }, (_, at) => [String(at)]));
    const given = await run({ params: [1] });
    expect(given.map((part) => ('rows' in part ? part.rows.length : part.columns))).toEqual([['id'], 500, 1]);
    expect(heard).toEqual([
      'BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL DateStyle = ISO',
      'DECLARE abp_rows NO SCROLL CURSOR FOR SELECT id',
      'FETCH 500 FROM abp_rows',
      'FETCH 500 FROM abp_rows',
      'end',
    ]);
  });

  test('fetches no more than the limit', async () => {
    const { heard, run } = fake(Array.from({ length: 501 }, (_, at) => [String(at)]));
    await run({ limit: 10 });
    expect(heard.filter((text) => text.startsWith('FETCH'))).toEqual(['FETCH 10 FROM abp_rows']);
  });

  test('the connection to a server that does not stop a statement is closed', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { heard, run } = fake(null);
    const giveUp = new AbortController();
    const refused = refusal(() => run({ signal: giveUp.signal }));
    await vi.waitFor(() => expect(heard).toContain('FETCH 500 FROM abp_rows'), PATIENCE);
    giveUp.abort();
    await vi.runAllTimersAsync();
    expect((await refused).code).toBe('cancelled');
    expect(heard).toContain('SELECT pg_cancel_backend($1)');
  });

  test('a malformed URL is refused without its password', async () => {
    const pg: Pg = {
      default: {
        Client: class {
          constructor() {
            throw new TypeError('Invalid URL');
          }
        } as never,
        types: { getTypeParser: () => String },
      },
    };
    const error = await refusal(() =>
      partsOf(postgres(asked('postgres://me:secret@host:99999/x'), () => Promise.resolve(pg))),
    );
    expect(error.code).toBe('invalid_input');
    expect(error.message).toBe(
      'connection_string: expected the URL of a database, found postgres://me:***@host:99999/x (Invalid URL)',
    );
  });

  test.each<[string, number, string, unknown]>([
    ['8 bytes', 20, '9007199254740993', 9007199254740993n],
    ['json', 114, '{"a":9007199254740993}', { a: '9007199254740993' }],
    ['jsonb', 3802, '[1]', [1]],
    ['a date', 1082, '2024-02-29', '2024-02-29'],
    ['a time without zone', 1114, '2024-02-29 12:30:00.123456', '2024-02-29T12:30:00.123456'],
    ['a time', 1184, '2024-02-29 12:30:00+02', '2024-02-29T10:30:00.000Z'],
    ['a time with all its digits', 1184, '2024-02-29 05:30:00.123456-05', '2024-02-29T10:30:00.123456Z'],
    ['no time', 1184, 'infinity', 'infinity'],
    ['an interval', 1186, '00:00:00', '00:00:00'],
    ['a numeric', 1700, '1.10', '1.10'],
    ['any other', 25, 'text', 'pg: text'],
  ])('%s, exactly', (_, oid, text, expected) => {
    const times = (time: string) => (time === 'infinity' ? Number.POSITIVE_INFINITY : new Date(time));
    const pg = { getTypeParser: (type: number) => (type === 1184 ? times : (given: string) => `pg: ${given}`) };
    expect(exactParsers(pg, [])(oid)(text)).toEqual(expected);
  });
});

describe('mysql', () => {
  const LONG = 8;
  const FLOAT = 4;
  const TIMESTAMP = 7;
  const DATETIME = 12;

  /** A connection whose prepared statement gives this answer, and which notes what it is asked. */
  function fake(answer: Readable, columns: readonly number[] = [LONG], parameters = 0) {
    const heard: string[] = [];
    class Connection extends EventEmitter {
      readonly threadId = 7;
      readonly stream = { destroy: () => this.emit('error', new Error('Connection lost')) };
      connect(done: (error: null) => void) {
        done(null);
      }
      query(sql: string, done: (error: null) => void) {
        heard.push(sql);
        if (!sql.startsWith('KILL')) done(null);
      }
      prepare(sql: string, done: (error: null, statement: unknown) => void) {
        heard.push(sql);
        done(null, {
          columns: columns.map((columnType, at) => ({ name: `c${at}`, columnType })),
          parameters: Array.from({ length: parameters }),
          execute: () => ({ stream: () => answer }),
        });
      }
      destroy() {
        heard.push('destroy');
      }
    }
    const connections: Connection[] = [];
    const createConnection = () => {
      const connection = new Connection();
      connections.push(connection);
      return connection;
    };
    const load = () => Promise.resolve({ default: { createConnection } } as unknown as Mysql);
    return {
      heard,
      connections,
      run: (query: Partial<SqlQuery> = {}) => partsOf(mysql(asked('mysql://me:secret@host/x', query), load)),
    };
  }
  const silent = () => new Readable({ objectMode: true, read() {} });

  test('runs a query that EXPLAIN accepts in a read-only transaction, and closes the connection', async () => {
    const { heard, run } = fake(Readable.from([[1], [2]]));
    expect(await run()).toEqual([{ columns: ['c0'] }, { rows: [[1], [2]] }]);
    expect(heard).toEqual([
      "SET time_zone = '+00:00'",
      'START TRANSACTION READ ONLY',
      'EXPLAIN SELECT id',
      'SELECT id',
      'destroy',
    ]);
  });

  test('times are ISO 8601, and a 4-byte number has the fewest digits that identify it', async () => {
    const row = ['2024-02-29 12:30:00.5', '2024-02-29 12:30:00', Math.fround(0.1), Math.fround(1 / 3)];
    const { run } = fake(Readable.from([row, [null, null, null, null]]), [TIMESTAMP, DATETIME, FLOAT, FLOAT]);
    expect((await run())[1]).toEqual({
      rows: [
        ['2024-02-29T12:30:00.5Z', '2024-02-29T12:30:00', 0.1, 0.33333334],
        [null, null, null, null],
      ],
    });
  });

  test.each([
    [0, [1]],
    [2, [1]],
    [1, null],
  ])('refuses %i placeholders with the values %j', async (placeholders, params) => {
    const { heard, run } = fake(silent(), [LONG], placeholders);
    const error = await refusal(() => run({ params }));
    expect(error.code).toBe('invalid_input');
    expect(error.message).toBe(
      `params: expected ${placeholders} values, as many as the query has ?, found ${params?.length ?? 0}`,
    );
    expect(heard.at(-1)).toBe('destroy');
  });

  test('a statement without columns is refused', async () => {
    expect((await refusal(() => fake(silent(), []).run())).message).toMatch(/^query: .* found another kind$/);
  });

  test('a lost connection is reported with the last row', async () => {
    const answer = silent();
    const { connections, run } = fake(answer);
    const refused = refusal(run);
    answer.push([1]);
    await vi.waitFor(() => expect(answer.readableLength).toBe(0), PATIENCE);
    connections[0]?.emit('error', new Error('The server closed the connection.'));
    const error = await refused;
    expect(error.code).toBe('environment');
    expect(error.message).toMatch(/^query, after row 1: expected all rows from mysql:\/\/me:\*\*\*@host\/x, found/);
  });

  test('the connection to a server that does not stop a statement is closed', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { heard, run } = fake(silent());
    const giveUp = new AbortController();
    const refused = refusal(() => run({ signal: giveUp.signal }));
    await vi.waitFor(() => expect(heard).toContain('SELECT id'), PATIENCE);
    giveUp.abort();
    await vi.runAllTimersAsync();
    expect((await refused).code).toBe('cancelled');
    expect(heard).toContain('KILL QUERY 7');
  });

  test('a malformed URL is refused without its password', async () => {
    const load = () => Promise.resolve({ default: { createConnection: expect.fail } } as unknown as Mysql);
    const error = await refusal(() => partsOf(mysql(asked('mysql://me:secret@host:99999/x'), load)));
    expect(error.code).toBe('invalid_input');
    expect(error.message).toContain('found mysql://me:***@host:99999/x (Invalid URL)');
  });
});
