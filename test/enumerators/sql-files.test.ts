import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, readdirSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { hintText } from '../../src/domain/hint.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import { asUrl } from '../../src/enumerators/sql/postgres-address.ts';
import { withoutPassword } from '../../src/enumerators/sql/source.ts';
import { sqlEnumerator } from '../../src/enumerators/sql.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { enumerateAll, refusal } from './helpers.ts';

function database(name: string, schema: string, mode = 'DELETE'): string {
  const path = join(temporaryDirectory(), name);
  const db = new Database(path);
  db.pragma(`journal_mode = ${mode}`);
  db.exec(schema);
  db.close();
  return path;
}

describe('text that is not UTF-8', () => {
  const path = () =>
    database(
      'x.db',
      `CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, b BLOB);
       INSERT INTO t VALUES (1, 'é', NULL), (2, CAST(x'c328' AS TEXT), NULL), (3, 'a genuine \u{FFFD}', x'c328'),
         (4, CAST(x'41e9' AS TEXT), NULL), (5, '', NULL);`,
    );

  test('is refused with the row and the bytes', async () => {
    const error = await refusal(() => enumerateAll('sql', { connection_string: path(), query: 'SELECT * FROM t' }));
    expect(error.code).toBe('invalid_input');
    expect(error.message).toMatch(/^query, row 2: expected text in UTF-8 in column "name", found bytes .*c328/);
    expect(error.hint).toContain('CAST(name AS BLOB)');
  });

  test.each([
    ['SELECT * FROM t', [1, 3, 5]],
    ['SELECT * FROM t ORDER BY id DESC;', [5, 3, 1]],
    ['WITH x AS (SELECT * FROM t) SELECT * FROM x WHERE id > 1 -- after the first', [3, 5]],
    ['SELECT id, name, name FROM t', [1, 3, 5]],
  ])('is skipped with on_invalid skip: %s', async (query, ids) => {
    const rejected: string[] = [];
    const { payloads } = await enumerateAll(
      'sql',
      { connection_string: path(), query, on_invalid: 'skip' },
      { reject: ({ place }) => rejected.push(place) },
    );
    expect(payloads.map(({ id }) => id)).toEqual(ids);
    expect(rejected).toHaveLength(2);
  });

  test('is returned as bytes by CAST AS BLOB', async () => {
    const query = 'SELECT CAST(name AS BLOB) AS name FROM t WHERE id = ?';
    const { payloads } = await enumerateAll('sql', { connection_string: path(), query, params: [2] });
    expect(payloads).toMatchObject([{ name: { $base64: 'wyg=' } }]);
  });

  test('a limit counts only rows that are items', async () => {
    const config = { connection_string: path(), query: 'SELECT id, name FROM t', on_invalid: 'skip', limit: 3 };
    const { payloads } = await enumerateAll('sql', config, { reject: () => {} });
    expect(payloads.map(({ id }) => id)).toEqual([1, 3, 5]);
  });
});

describe('the path of a SQLite file', () => {
  test.each<[string, string, (path: string) => string]>([
    ['a file: URL', 'a b.db', (path) => pathToFileURL(path).href],
    ['a file: URL with options', 'a b.db', (path) => `${pathToFileURL(path).href}?mode=ro&cache=shared`],
    ['a file: URL with a host', 'a.db', (path) => `file://localhost${path}`],
    ['a file: URL with one slash', 'ü.db', (path) => `file:${encodeURI(path)}`],
    ['a relative file: URL', 'a b.db', () => 'file:a%20b.db'],
    ['a percent-encoded sqlite: URL', 'a b.db', (path) => `sqlite://${encodeURI(path)}`],
    ['one with options', 'a.db', (path) => `sqlite://${path}?mode=ro`],
    ['a literal percent sign', 'a%20b.db', (path) => `sqlite://${path}`],
    ['a percent sign that encodes no character', '100%.db', (path) => path],
    ['a percent-encoded percent sign', 'a%20b.db', (path) => pathToFileURL(path).href],
    ['a question mark in a name', 'a?.db', (path) => path],
    ['an equals sign in a name', 'host.db=1', () => './host.db=1'],
  ])('may be %s', async (_, name, write) => {
    const path = database(name, 'CREATE TABLE t (n); INSERT INTO t VALUES (1)');
    const config = sqlEnumerator.configSchema.parse({ connection_string: write(path), query: 'SELECT n FROM t' });
    const resolved = sqlEnumerator.resolve(config, { workingDirectory: join(path, '..') });
    expect(resolved.connection_string).toBe(`sqlite://${path}`);
    expect(sqlEnumerator.resolve(resolved, { workingDirectory: '/' })).toEqual(resolved);
    expect((await enumerateAll('sql', { ...resolved } as JsonObject)).payloads).toMatchObject([{ n: 1 }]);
  });
});

describe('keywords of PostgreSQL', () => {
  test.each([
    ['host=db.example port=5433 user=me dbname=shop', 'postgres://me@db.example:5433/shop'],
    [`host='db.example' password='p@ ss\\'/' user=me`, "postgres://me:p%40%20ss'%2F@db.example/"],
    ['dbname=shop sslmode=require', 'postgres:///shop?sslmode=require'],
    ['host=/var/run/postgresql dbname=shop', 'postgres:///shop?host=%2Fvar%2Frun%2Fpostgresql'],
    ['host=/tmp/pg port=5433 user=me dbname=shop', 'postgres://me@localhost:5433/shop?host=%2Ftmp%2Fpg'],
    ['port=5433 user=me', 'postgres://me@localhost:5433/'],
    ['postgres://me@host/db', 'postgres://me@host/db'],
    ["dbname='shop'user=me", 'postgres://me@localhost/shop'],
    ["user=a'b dbname=a/b@c", "postgres://a'b@localhost/a/b@c"],
    ['host = x port = 5433', 'postgres://x:5433/'],
    ['host=x port=1 port=5433', 'postgres://x:5433/'],
    ['host=db.example hostaddr=10.0.0.1 dbname=shop', 'postgres://10.0.0.1/shop'],
    ['host=x connect_timeout=5 application_name=a', 'postgres://x/?connect_timeout=5&application_name=a'],
    ['postgres://x/?connect_timeout=5', 'postgres://x/?connect_timeout=5'],
    ['postgresql://me:p%40@[::1]:5433/shop?sslmode=require', 'postgres://me:p%40@%3A%3A1:5433/shop?sslmode=require'],
    ['postgres:///?host=db.example&port=5433&user=me&dbname=shop', 'postgres://me@db.example:5433/shop'],
    ['postgres://%2Ftmp%2Fpg/shop', 'postgres:///shop?host=%2Ftmp%2Fpg'],
    ['postgres://me:p@ss@host/db', 'postgres://me:p%40ss@host/db'],
    [
      'postgres://me:x@ep-cool.example/db?sslmode=require&channel_binding=require',
      'postgres://me:x@ep-cool.example/db?sslmode=require&channel_binding=require',
    ],
    [
      'host=x gssencmode=prefer target_session_attrs=any keepalives=1',
      'postgres://x/?gssencmode=prefer&target_session_attrs=any&keepalives=1',
    ],
    ['postgres://host:/db?user=me&', 'postgres://me@host/db'],
    ['mysql://me@host/db?x', 'mysql://me@host/db?x'],
    ['/data/shop.db', '/data/shop.db'],
  ])('%s', (given, url) => expect(asUrl(given)).toBe(url));

  test.each<[string, number, string]>([
    // Keywords
    ['host=127.0.0.1 port 54871 user=postgres', 16, 'expected "=" after each keyword, found a word without one'],
    ['host=x user=y garbage', 15, 'expected "=" after each keyword'],
    ["host=x dbname='postgres", 15, 'expected a closing quote for dbname, found the end'],
    ['host=x =y', 8, 'expected a known name, found ""'],
    ['host=x Port=1', 8, 'found "Port". Did you mean "port"?'],
    ['host=x port=1x', 8, 'expected a number up to 65535 in port'],
    ['host=x port=0', 8, 'expected a number up to 65535 in port'],
    ['host=x port=65536', 8, 'expected a number up to 65535 in port'],
    ['host=a,b', 1, 'expected one host'],
    ['host=x connect_timeout=soon', 8, 'expected seconds in connect_timeout'],
    ['host=x sslmode=on', 8, 'expected disable, allow, prefer,'],
    ['host=x target_session_attrs=read-only', 8, 'expected any in target_session_attrs'],
    ['host=x gssencmode=require', 8, 'expected disable or prefer in gssencmode'],
    ['service=shop', 1, 'found "service"'],
    // URLs
    ['postgres://x/db?foo=1', 17, 'found "foo"'],
    ['postgres://x/db?user', 17, 'expected "=" after each name'],
    ['postgres://x/db?user=a&port=1=2', 24, 'expected one "=" in port'],
    ['postgres://x/db?service=shop', 17, 'found "service"'],
    ['postgres://x/db?target_session_attrs=read-only', 17, 'expected any in target_session_attrs'],
    ['postgres://x/db?sslmode=on', 17, 'expected disable, allow, prefer,'],
    ['postgres://x/a%zz', 14, 'expected percent-encoded text in dbname'],
    ['postgres://x/a%00', 14, 'expected percent-encoded text in dbname'],
    ['postgres://x/a%ff', 14, 'expected percent-encoded UTF-8 in dbname'],
    ['postgres://me:s%cret@x/a', 15, 'expected percent-encoded text in password'],
    ['postgres://x:a/db', 14, 'expected a number up to 65535 in port'],
    ['postgres://x:99999/db', 14, 'expected a number up to 65535 in port'],
    ['postgres://[::1', 12, 'expected a host'],
    ['postgres://[::1]x/', 17, 'expected a host, a port, "/" or "?" there'],
    ['postgres:/x', 1, 'expected postgres://'],
  ])('refuses with the position what libpq refuses: %s', async (connection_string, character, message) => {
    const error = await refusal(() => enumerateAll('sql', { connection_string, query: 'SELECT 1' }));
    expect(error.code).toBe('invalid_input');
    expect(error.message).toContain(`connection_string, character ${character}: `);
    expect(error.message).toContain(message);
    expect(error.hint).toMatch(/\w/);
  });

  test.each([
    'host=x password=a hunter2 b',
    "host=x password='hunter2",
    'postgres://me:hunter2%@x/',
    'postgres://me:hunter2/x',
  ])('an error does not show the password: %s', async (connection_string) => {
    const error = await refusal(() => enumerateAll('sql', { connection_string, query: 'SELECT 1' }));
    expect(`${error.message} ${hintText(error.hint)}`).not.toContain('hunter2');
  });

  test('an unknown keyword is refused with the nearest known one', async () => {
    const config = { connection_string: 'host=x dbnmae=y', query: 'SELECT 1' };
    const error = await refusal(() => enumerateAll('sql', config));
    expect(error.code).toBe('invalid_input');
    expect(error.message).toContain('found "dbnmae". Did you mean "dbname"?');
  });

  test('are shown without the password', () => {
    expect(withoutPassword(`host=x password='a b\\'c' user=me`)).toBe('host=x password=*** user=me');
    expect(withoutPassword('password = secret host=x')).toBe('password = *** host=x');
    expect(withoutPassword("host=x password='open quote")).toBe('host=x password=***');
    expect(withoutPassword('password=a\\ b host=x')).toBe('password=*** host=x');
    expect(withoutPassword("user='me'password=secret host=x")).toBe("user='me'password=*** host=x");
  });

  test('are resolved as a server, not as a file', () => {
    const config = sqlEnumerator.configSchema.parse({ connection_string: 'host=x dbname=y', query: 'SELECT 1' });
    const resolved = sqlEnumerator.resolve(config, { workingDirectory: '/' });
    expect(resolved.connection_string).toBe('host=x dbname=y');
    expect(sqlEnumerator.root(resolved)).toBeNull();
  });
});

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;
/** The reader is not root, for whom permissions do not hold; that user must be able to read the sources. */
const asUser = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
const canRead =
  !isRoot ||
  spawnSync(process.execPath, [join(ROOT, 'src/main.ts'), '--version'], { ...asUser, cwd: '/' }).status === 0;

describe.skipIf(!canRead)('a database in WAL mode in a directory that cannot be written', () => {
  /** Rows that a process without write permission reads. */
  function read(path: string): unknown {
    const program = `
      const { sqlEnumerator } = await import(${JSON.stringify(join(ROOT, 'src/enumerators/sql.ts'))});
      const rows = [];
      const config = { connection_string: process.argv[1], query: 'SELECT n FROM t', on_duplicate: 'refuse', on_invalid: 'refuse' };
      for await (const { payload } of sqlEnumerator.enumerate(config, { workingDirectory: '/' })) rows.push(payload.n);
      console.log(JSON.stringify(rows));`;
    const words = ['--input-type=module', '--eval', program, path];
    return JSON.parse(execFileSync(process.execPath, words, { ...asUser, cwd: '/', encoding: 'utf8' }));
  }

  function closed(path: string): string {
    chmodSync(path, 0o444);
    chmodSync(join(path, '..'), 0o555);
    return path;
  }

  test('is read after a clean close', () => {
    const path = closed(database('wal.db', 'CREATE TABLE t (n); INSERT INTO t VALUES (1), (2)', 'WAL'));
    expect(read(path)).toEqual([1, 2]);
    expect(readdirSync(join(path, '..'))).toEqual(['wal.db']);
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('abp-sqlite-'))).toEqual([]);
  });

  test('is read with the contents of its -wal file', () => {
    const directory = temporaryDirectory();
    const writer = new Database(join(directory, 'a.db'));
    writer.pragma('journal_mode = WAL');
    writer.exec('CREATE TABLE t (n); INSERT INTO t VALUES (1)');
    for (const end of ['', '-wal']) {
      copyFileSync(join(directory, `a.db${end}`), join(directory, `b.db${end}`));
      chmodSync(join(directory, `b.db${end}`), 0o444);
    }
    writer.close();
    renameSync(join(directory, 'a.db'), join(directory, 'gone'));
    expect(read(closed(join(directory, 'b.db')))).toEqual([1]);
  });

  test('is read while another process has it open', () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'a.db');
    const writer = new Database(path);
    writer.pragma('journal_mode = WAL');
    writer.exec('CREATE TABLE t (n); INSERT INTO t VALUES (1)');
    for (const end of ['-wal', '-shm']) chmodSync(`${path}${end}`, 0o444);
    expect(read(closed(path))).toEqual([1]);
    writer.close();
  });
});
