import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../src/domain/json.ts';
import { hasPostgres, type Postgres, startPostgres } from '../helpers/postgres.ts';
import { enumerateAll, refusal } from './helpers.ts';

const TYPES = `
  CREATE TYPE mood AS ENUM ('sad', 'very "ok", {x}', 'NULL');
  CREATE DOMAIN price AS numeric(30, 10);
  CREATE DOMAIN numbers AS int[];
  CREATE TYPE pair AS (a int, b text);
`;

describe.skipIf(!hasPostgres)('a PostgreSQL server', () => {
  let server: Postgres;
  let stop: () => void = () => undefined;

  beforeAll(async () => {
    server = startPostgres();
    stop = () => server.stop();
    const untyped: string = 'pg';
    const { default: pg } = (await import(untyped)) as { default: { Client: new (o: object) => Client } };
    const client = new pg.Client({ host: server.host, user: 'postgres', database: 'postgres' });
    await client.connect();
    await client.query(TYPES);
    await client.end();
  }, 60_000);
  afterAll(() => stop());

  /** The first column of the first row. */
  async function value(expression: string): Promise<Json | undefined> {
    const { payloads } = await enumerateAll('sql', {
      connection_string: `host=${server.host} user=postgres dbname=postgres`,
      query: `SELECT ${expression} AS v`,
    });
    return payloads[0]?.v;
  }

  test.each<[string, string, Json]>([
    ['numeric', '12345678901234567890.12345::numeric', '12345678901234567890.12345'],
    ['numeric[]', 'array[1.10, 12345678901234567890.12345]::numeric[]', ['1.10', '12345678901234567890.12345']],
    ['numeric[] of nothing', "'{NULL}'::numeric[]", [null]],
    ['int8[]', 'array[1, 9007199254740993]::int8[]', [1, '9007199254740993']],
    [
      'jsonb',
      `'{"a": 12345678901234567890.5, "b": 1.10, "c": 9007199254740993}'::jsonb`,
      { a: '12345678901234567890.5', b: 1.1, c: '9007199254740993' },
    ],
    ['json', `'[0.1234567890123456789, 0.1]'::json`, ['0.1234567890123456789', 0.1]],
    ['jsonb[]', `array['{"a": 9007199254740993}', '[1]']::jsonb[]`, [{ a: '9007199254740993' }, [1]]],
    [
      'text[]',
      `array['a', 'b,"c"', '{}', '', 'NULL', NULL, E'x\\\\y']`,
      ['a', 'b,"c"', '{}', '', 'NULL', null, 'x\\y'],
    ],
    ['an empty list', "'{}'::text[]", []],
    [
      'lists of lists',
      'array[[1, 2], [3, NULL]]',
      [
        [1, 2],
        [3, null],
      ],
    ],
    ['a list with bounds', "'[0:1]={1,2}'::int[]", [1, 2]],
    ['enum[]', `array['sad', 'very "ok", {x}', 'NULL']::mood[]`, ['sad', 'very "ok", {x}', 'NULL']],
    ['domain[]', 'array[1.5, 2]::price[]', ['1.5000000000', '2.0000000000']],
    ['a domain over a list', "'{1,2}'::numbers", [1, 2]],
    ['lists of a domain over lists', `array['{1,2}', '{3}']::numbers[]`, [[1, 2], [3]]],
    ['range[]', 'array[int4range(1, 5), NULL]', ['[1,5)', null]],
    ['multirange[]', "array['{[1,2),[4,5)}'::int4multirange]", ['{[1,2),[4,5)}']],
    ['bit[]', "array[B'10']::bit(2)[]", ['10']],
    ['composite[]', `array[row(1, 'a "b"')::pair]`, ['(1,"a ""b""")']],
    ['record[]', `array[row(1, 'a "b"'), row(2, NULL)]`, ['(1,"a ""b""")', '(2,)']],
    ['cstring[]', "'{a,b}'::cstring[]", ['a', 'b']],
    ['a record', 'row(1, 2)', '(1,2)'],
    ['a name, which is not a list', "'abc'::name", 'abc'],
    ['xml[]', 'array[\'<a b="c"/>\'::xml]', ['<a b="c"/>']],
    ['box[], with semicolons between', "array['(1,1),(0,0)', '(3,3),(2,2)']::box[]", ['(1,1),(0,0)', '(3,3),(2,2)']],
    ['bytea[]', String.raw`array['\x00ff']::bytea[]`, [{ $base64: 'AP8=' }]],
    ['bool[]', 'array[true, false]', [true, false]],
    ['float8[]', "array[0.1, 'NaN']::float8[]", [0.1, 'NaN']],
    ['timestamptz[]', "array['2024-02-29 12:30:00.123456+02']::timestamptz[]", ['2024-02-29T10:30:00.123456Z']],
    ['date[]', "array['2024-02-29']::date[]", ['2024-02-29']],
    ['uuid[]', "array['00000000-0000-0000-0000-000000000001']::uuid[]", ['00000000-0000-0000-0000-000000000001']],
    ['inet[] and money', "array['10.0.0.1']::inet[]", ['10.0.0.1']],
    ['an int2vector, which is not a list', "'1 2'::int2vector", '1 2'],
    ['a point', "'(1,2)'::point", { x: 1, y: 2 }],
  ])('%s', async (_, expression, expected) => expect(await value(expression)).toEqual(expected));

  test('half of a surrogate pair in a json column is an invalid record', async () => {
    const query = `SELECT n, CASE n WHEN 2 THEN '"\\ud800"' ELSE '"x"' END::json AS v FROM generate_series(1, 3) n`;
    const config: JsonObject = { connection_string: `host=${server.host} user=postgres dbname=postgres`, query };
    expect((await refusal(() => enumerateAll('sql', config))).message).toMatch(/^query, row 2: .* surrogate pair in v/);
    const { payloads } = await enumerateAll('sql', { ...config, on_invalid: 'skip' }, { reject: () => {} });
    expect(payloads).toEqual([
      { n: 1, v: 'x', _row_index: 0, _id: '0' },
      { n: 3, v: 'x', _row_index: 2, _id: '2' },
    ]);
  });

  test.each([
    ['keywords', (host: string) => `host=${host} user=postgres dbname=postgres`],
    ['a wait', (host: string) => `host=${host} user=postgres dbname=postgres connect_timeout=5`],
    ['a database after ?', (host: string) => `postgres:///?host=${host}&user=postgres&dbname=postgres`],
    ['keywords with quotes and spaces', (host: string) => `dbname = 'postgres'  host='${host}' user = 'post\\gres'`],
    [
      'a URL with the directory of the socket',
      (host: string) => `postgres:///postgres?host=${encodeURIComponent(host)}&user=postgres`,
    ],
  ])('is reached by %s', async (_, write) => {
    const config = { connection_string: write(server.host), query: 'SELECT 1 AS n' };
    expect((await enumerateAll('sql', config)).payloads).toMatchObject([{ n: 1 }]);
  });
});

/** The part of `pg` that is used here. */
interface Client {
  connect(): Promise<void>;
  query(text: string): Promise<unknown>;
  end(): Promise<void>;
}
