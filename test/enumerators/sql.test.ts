import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/domain/json.ts';
import { parseConfig } from '../../src/enumerators/index.ts';
import { loadOptional, toJson, withoutPassword } from '../../src/enumerators/sql/source.ts';
import { sqlEnumerator } from '../../src/enumerators/sql.ts';
import { watchChild } from '../helpers/children.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { enumerateAll, refusal } from './helpers.ts';

const SCHEMA = `
  CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT, credit_limit REAL, updated_at TEXT, body BLOB);
  INSERT INTO articles VALUES
    (1, 'first', 1.5, '2024-02-29', x'00ff'), (2, 'second', 9e999, NULL, NULL), (9007199254740993, 'big', 3, '', x'');
`;

/** A database with three articles. */
function database(schema = SCHEMA): string {
  const path = join(temporaryDirectory(), 'shop.db');
  const db = new Database(path);
  db.exec(schema);
  db.close();
  return path;
}

/** The columns of every row, without `_row_index` and `_id`. */
async function rows(path: string, query: string, config: JsonObject = {}): Promise<JsonObject[]> {
  const { payloads } = await enumerateAll('sql', { connection_string: path, query, ...config });
  return payloads.map(({ _row_index, _id, ...columns }) => columns);
}

test('an item has columns, number, key and place of its row; values that JSON cannot hold are text or marked', async () => {
  const { items } = await enumerateAll('sql', {
    connection_string: database(),
    query: 'SELECT * FROM articles ORDER BY id',
    id_column: 'id',
  });
  expect(items).toEqual([
    {
      key: '1',
      place: 'row 1',
      payload: {
        id: 1,
        title: 'first',
        credit_limit: 1.5,
        updated_at: '2024-02-29',
        body: { $base64: 'AP8=' },
        _row_index: 0,
        _id: '1',
      },
    },
    {
      key: '2',
      place: 'row 2',
      payload: {
        id: 2,
        title: 'second',
        credit_limit: 'Infinity',
        updated_at: null,
        body: null,
        _row_index: 1,
        _id: '2',
      },
    },
    {
      key: '9007199254740993',
      place: 'row 3',
      payload: {
        id: '9007199254740993',
        title: 'big',
        credit_limit: 3,
        updated_at: '',
        body: { $base64: '' },
        _row_index: 2,
        _id: '9007199254740993',
      },
    },
  ]);
});

describe('a statement that reads is run', () => {
  test.each<[string, JsonObject | null]>([
    ['SELECT updated_at, credit_limit FROM articles WHERE id = 1', { updated_at: '2024-02-29', credit_limit: 1.5 }],
    ['select 1 as one;', { one: 1 }],
    ['select 1 as one ; -- a comment; with a semicolon', { one: 1 }],
    ['/* insert into */ select 1 as "delete"', { delete: 1 }],
    ["select 'x; drop table articles' as text", { text: 'x; drop table articles' }],
    ['WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT max(i) AS i FROM n', { i: 3 }],
    ['VALUES (7)', { column1: 7 }],
    ['PRAGMA user_version', { user_version: 0 }],
    ['EXPLAIN QUERY PLAN SELECT 1', null],
    ['SELECT 1 AS __proto__', JSON.parse('{"__proto__":1}')],
  ])('%s', async (query, expected) => {
    const found = await rows(database(), query);
    expect(found).toHaveLength(1);
    if (expected) expect(JSON.stringify(found[0])).toBe(JSON.stringify(expected));
  });

  test.each<[string, JsonObject['params'] & object]>([
    ['SELECT ? AS a, ? AS b, ? AS c', ['x', 2.5, null]],
    ['SELECT :a AS a, @b AS b, $c AS c', { a: 'x', b: 2.5, c: null }],
  ])('with parameters: %s', async (query, params) => {
    expect(await rows(database(), query, { params })).toEqual([{ a: 'x', b: 2.5, c: null }]);
  });

  test.each<[string, JsonObject['params'] & object]>([
    ['SELECT typeof(?) AS a, ? AS b, typeof(?) AS c', [true, false, 2.5]],
    ['SELECT typeof(:t) AS a, :f AS b, typeof(:r) AS c', { t: true, f: false, r: 2.5 }],
  ])('binds true and false as 1 and 0: %s', async (query, params) => {
    expect(await rows(database(), query, { params })).toEqual([{ a: 'integer', b: 0, c: 'real' }]);
  });

  test('an integer parameter matches text with the same digits', async () => {
    const path = database("CREATE TABLE places (zip TEXT); INSERT INTO places VALUES ('12345')");
    expect(await rows(path, 'SELECT zip FROM places WHERE zip = ?', { params: [12345] })).toEqual([{ zip: '12345' }]);
    expect(await rows(path, "SELECT ?1 || '/' AS x", { params: { 1: 9007199254740991 } })).toEqual([
      { x: '9007199254740991/' },
    ]);
  });

  test('a row does not wait for the next one', async () => {
    const query = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i = 1';
    const config = parseConfig(sqlEnumerator, { connection_string: database(), query });
    for await (const { payload } of sqlEnumerator.enumerate(config, { workingDirectory: '/' })) {
      expect(payload.i).toBe(1);
      break;
    }
  });

  test('columns of the same name are renamed, with a warning', async () => {
    const { payloads, warnings } = await enumerateAll('sql', {
      connection_string: database(),
      query: 'SELECT 1 AS a, 2 AS a',
    });
    expect(payloads).toMatchObject([{ a: 1, a_2: 2 }]);
    expect(warnings).toMatchObject([{ kind: 'renamed_column', count: 1 }]);
  });
});

describe('a statement that writes, or is not one query, is refused and changes nothing', () => {
  const KIND = 'found another kind';
  test.each<[string, string]>([
    ["INSERT INTO articles (title) VALUES ('x')", KIND],
    ["INSERT INTO articles (title) VALUES ('x') RETURNING id", KIND],
    ["WITH x AS (SELECT 1) UPDATE articles SET title = 'x'", KIND],
    ['DELETE FROM articles RETURNING *', KIND],
    ['DROP TABLE articles', KIND],
    ['SELECT 1; DELETE FROM articles', 'more than one statement'],
    ['SELECT 1; SELECT 2', 'more than one statement'],
    ['PRAGMA user_version = 7', KIND],
    ['PRAGMA journal_mode = WAL', KIND],
    ['PRAGMA writable_schema = 1', KIND],
    ["ATTACH 'other.db' AS other", KIND],
    ["VACUUM INTO 'copy.db'", KIND],
    ['BEGIN', KIND],
    ['REINDEX', KIND],
    ['SELECT * FORM articles', 'near "FORM": syntax error'],
    ['SELECT price FROM articles', 'no such column: price'],
    ['-- only a comment', 'contains no statements'],
    [' ; ', 'contains no statements'],
  ])('%s', async (query, found) => {
    const path = database();
    const before = readFileSync(path);
    const error = await refusal(() => rows(path, query));
    expect(error.code).toBe('invalid_input');
    expect(error.message).toMatch(/^query: expected .* found/);
    expect(error.message).toContain(found);
    expect(error.hint).toMatch(/\w/);
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(join(path, '..'))).toEqual(['shop.db']);
  });

  test('a query that would write does not change the file', async () => {
    const path = database(`${SCHEMA} CREATE INDEX by_title ON articles (title);`);
    const before = readFileSync(path);
    await rows(path, 'PRAGMA optimize(0x10002)').catch(() => []);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test('an error during the query names the last row before it', async () => {
    const query = "SELECT CASE id WHEN 2 THEN json('{') ELSE id END AS x FROM articles ORDER BY id";
    expect((await refusal(() => rows(database(), query))).message).toMatch(
      /^query, after row 1: expected .* malformed JSON/,
    );
  });
});

describe('is refused with a hint', () => {
  test.each<[string, string, JsonObject, RegExp]>([
    ['too few parameters', 'SELECT ?', {}, /^query: .*Too few parameter/],
    ['too many parameters', 'SELECT 1', { params: [1] }, /^query: .*Too many parameter/],
    ['a row too long', 'SELECT zeroblob(17000000) AS b', {}, /^query: expected at most 16777216 characters in one row/],
    [
      'an unknown id_column',
      'SELECT id FROM articles',
      { id_column: 'idd' },
      /id_column: expected a column of the query, found "idd"\. Did you mean "id"\?/,
    ],
    [
      'a row without its id',
      'SELECT updated_at AS u FROM articles ORDER BY id',
      { id_column: 'u' },
      /^query, row 2: expected a text or number in id_column "u", found null/,
    ],
    ['a NUL character', 'SELECT 1\0; DELETE FROM articles', {}, /query: expected text without a NUL character/],
  ])('%s', async (_, query, config, message) => {
    const error = await refusal(() => rows(database(), query, config));
    expect(error.code).toBe('invalid_input');
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(/\w/);
  });

  test('integers that may have lost digits', async () => {
    for (const params of [[9007199254740992], { 1: -9007199254740992 }]) {
      const error = await refusal(() => rows(database(), 'SELECT ?1', { params }));
      expect(error.message).toMatch(/params.*expected a whole number beyond 2\^53 as text, found -?9007199254740992/);
    }
    expect(await rows(database(), 'SELECT ? AS x', { params: [1e19] })).toEqual([{ x: 1e19 }]);
  });

  test('parameters of the wrong form, with the right form', async () => {
    const error = await refusal(() => rows(database(), 'SELECT ?1', { params: [1] }));
    expect(error.hint).toContain('?1 and $1 take an object');
  });

  test.each<[string, (directory: string) => string, string, RegExp]>([
    [
      'no such file',
      (directory) => `${directory}/none.db`,
      'invalid_input',
      /expected a SQLite file, found nothing: .*none\.db/,
    ],
    ['a directory', (directory) => directory, 'invalid_input', /expected a SQLite file, found a directory/],
    [
      'a path below a file',
      (directory) => `${directory}/text/x.db`,
      'invalid_input',
      /expected a SQLite file, found one that cannot be read \(ENOTDIR\)/,
    ],
    [
      'another kind of file',
      (directory) => `${directory}/text`,
      'invalid_input',
      /expected a SQLite file, found another kind of file/,
    ],
    ['a misspelled scheme', () => 'postgers://x/y', 'invalid_input', /found "postgers"\. Did you mean "postgres"\?/],
    ['an unknown scheme', () => 'oracle://x', 'invalid_input', /expected a known database, found "oracle"/],
  ])('%s', async (_, path, code, message) => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'text'), 'no database '.repeat(100));
    const error = await refusal(() => rows(path(directory), 'SELECT 1'));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(/\w/);
  });

  test('a database that another program has locked', async () => {
    const path = database();
    const holder = new Database(path);
    holder.exec('BEGIN EXCLUSIVE');
    const error = await refusal(() => rows(path, 'SELECT 1 FROM articles'));
    holder.close();
    expect(error.code).toBe('environment');
    expect(error.message).toMatch(/cannot be read: database is locked \(SQLITE_BUSY\)/);
  });

  test('named parameters for a server without them', async () => {
    const error = await refusal(() => rows('postgres://localhost/x', 'SELECT 1', { params: { a: 1 } }));
    expect(error.message).toContain('params: expected a list for postgres, found an object');
  });
});

describe('a database in WAL mode', () => {
  test('is read with the contents of its -wal file', async () => {
    const directory = temporaryDirectory();
    const writer = new Database(join(directory, 'wal.db'));
    writer.pragma('journal_mode = WAL');
    writer.exec(SCHEMA);
    expect(await rows(join(directory, 'wal.db'), 'SELECT count(*) AS n FROM articles')).toEqual([{ n: 3 }]);
    writer.close();
  });

  test('is refused with the reason where its files cannot be created next to it', async () => {
    const directory = temporaryDirectory();
    const writer = new Database(join(directory, 'wal.db'));
    writer.pragma('journal_mode = WAL');
    writer.exec(SCHEMA);
    writer.close();
    copyFileSync(join(directory, 'wal.db'), join(directory, 'copy.db'));
    mkdirSync(join(directory, 'copy.db-wal'));
    const error = await refusal(() => rows(join(directory, 'copy.db'), 'SELECT 1 FROM articles'));
    expect(error.code).toBe('environment');
    expect(error.message).toMatch(/copy\.db is in WAL mode, which SQLite reads only where it can create/);
    expect(error.hint).toContain('journal_mode=DELETE');
  });
});

describe('a connection string', () => {
  test.each<[string, (path: string) => string]>([
    ['a path', (path) => path],
    ['sqlite:// and a path', (path) => `sqlite://${path}`],
    ['sqlite:/// and a path, as some tools write it', (path) => `sqlite:///${path}`],
    ['a relative path', () => 'shop.db'],
    ['a relative path behind sqlite:///', () => 'sqlite:///shop.db'],
    ['a relative path behind sqlite:', () => 'sqlite:shop.db'],
  ])('may be %s, and is shown with the whole path', (_, write) => {
    const path = database();
    const config = sqlEnumerator.configSchema.parse({ connection_string: write(path), query: 'SELECT 1' });
    const resolved = sqlEnumerator.resolve(config, { workingDirectory: join(path, '..') });
    expect(resolved.connection_string).toBe(`sqlite://${path}`);
    expect(sqlEnumerator.resolve(resolved, { workingDirectory: '/' })).toEqual(resolved);
  });

  test('is shown without its password', () => {
    expect(withoutPassword('postgres://me:s3:cret@host/db')).toBe('postgres://me:***@host/db');
    expect(withoutPassword('mysql://me:p@/ss@host/db?x=1&password=y&z=2')).toBe(
      'mysql://me:***@host/db?x=1&password=***&z=2',
    );
    expect(withoutPassword('postgres://me@host/db')).toBe('postgres://me@host/db');
  });
});

test('an endless query is cancelled at once, and its process is killed', async () => {
  const endless = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n';
  const config = { connection_string: database(), query: endless };
  const giveUp = new AbortController();
  const child = watchChild();
  const refused = refusal(() => enumerateAll('sql', config, { workingDirectory: '/', signal: giveUp.signal }));
  await child.begun();
  giveUp.abort();
  expect((await refused).code).toBe('cancelled');
  await child.gone();
});

test('a missing package is named with the command that installs it', async () => {
  const error = await refusal(() => loadOptional('abp-has-no-such-package'));
  expect(error.code).toBe('environment');
  expect(error.hint).toContain('npm install abp-has-no-such-package');
});

test.each<[unknown, unknown]>([
  [undefined, null],
  [12n, 12],
  [2n ** 60n, '1152921504606846976'],
  [Number.NaN, 'NaN'],
  [new Date('2024-02-29T12:30:00Z'), '2024-02-29T12:30:00.000Z'],
  [Buffer.from([0, 255]), { $base64: 'AP8=' }],
  [
    [1n, { a: new Uint8Array() }],
    [1, { a: { $base64: '' } }],
  ],
])('%s of a driver becomes %j', (value, expected) => expect(toJson(value)).toEqual(expected));
