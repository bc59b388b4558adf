import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/domain/json.ts';
import { getEnumerator, parseConfig } from '../../src/enumerators/index.ts';
import { noneSkipped, onInvalid, readItems } from '../../src/enumerators/items.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { refusal } from './helpers.ts';

/** What is read from a file with this content, and what of it is skipped. */
async function read(type: string, content: string | Uint8Array, fields: JsonObject = {}) {
  const file_path = join(temporaryDirectory(), 'source');
  writeFileSync(file_path, content);
  const enumerator = await getEnumerator(type);
  const given = type === 'dynamic' ? { code: String(content) } : { file_path };
  const config = parseConfig(enumerator, { ...given, ...fields });
  const skipped = noneSkipped();
  const items = [];
  for await (const item of readItems(enumerator, config, { workingDirectory: '/' }, skipped)) items.push(item);
  return { items, skipped };
}

/** Sources with bad records among good ones: the numbers of the good ones, and the places of the bad. */
const SOURCES: readonly (readonly [
  string,
  string,
  string | Uint8Array,
  JsonObject,
  readonly number[],
  readonly string[],
])[] = [
  ['ragged rows', 'csv', 'a,b\n1,2\n3\n4,5\n6,7,8\n', {}, [0, 2], ['line 3', 'line 5']],
  ['rows without an id', 'csv', 'a,b\n,1\n2,3\n', { id_column: 'a' }, [1], ['line 2']],
  ['stray quotes', 'csv', 'a,b\n5",1\n2,3\n', {}, [1], ['line 2']],
  [
    'lines that are no JSON',
    'json',
    '1\n{"a":\n2\nnope\n',
    { format: 'jsonl' },
    [0, 2],
    ['line 2, column 6', 'line 4, column 1'],
  ],
  [
    'items without an id',
    'json',
    '[{"id":1},{},{"id":null},{"id":2}]',
    { id_field: 'id' },
    [0, 3],
    ['line 1, column 11', 'line 1, column 14'],
  ],
  ['half of a surrogate pair', 'json', '["\\ud83d\\ude42","\\ud83d","x"]', {}, [0, 2], ['line 1, column 17']],
  [
    'half of one in code',
    'dynamic',
    'export function* enumerate() { yield "\\ud800x"; yield { a: 1 }; }',
    {},
    [1],
    ['item 1'],
  ],
];

describe('records that cannot be items', () => {
  test.each(SOURCES)('%s are refused together with their places', async (_, type, content, fields, _good, places) => {
    const error = await refusal(() => read(type, content, fields));
    expect(error.code).toBe('invalid_input');
    expect(error.message).toContain(`, ${places[0]}: expected`);
    for (const place of places.slice(1)) expect(error.message).toContain(` ${place}: expected`);
    expect(error.details?.invalid).toMatchObject(places.map((place) => ({ place })));
    expect(error.hint).toContain('on_invalid: "skip"');
  });

  test.each(SOURCES)('%s are skipped, counted and listed', async (_, type, content, fields, good, places) => {
    const { items, skipped } = await read(type, content, { ...fields, on_invalid: 'skip' });
    expect(skipped).toMatchObject({
      invalid: places.length,
      duplicates: 0,
      records: places.map((place) => ({ place })),
    });
    expect(items).toHaveLength(good.length);
    const numbers = items.map(({ payload: { _row_index, _index } }) => _row_index ?? _index);
    if (type !== 'dynamic') expect(numbers).toEqual(good);
  });

  test('a number as key is that of the record', async () => {
    const { items } = await read('json', '1\n{\n3\n', { format: 'jsonl', on_invalid: 'skip' });
    expect(items.map(({ key, payload }) => [key, payload._id])).toEqual([
      [undefined, '0'],
      ['2', '2'],
    ]);
  });

  test('counts a row with several faults once', async () => {
    const { items, skipped } = await read('csv', 'a,b\n1,5" x 6" y"\n2,3\n4" z",5" "6\n', { on_invalid: 'skip' });
    expect([items.length, skipped.invalid]).toEqual([1, 2]);
  });

  test('lists the first 20 and then stops reading', async () => {
    const rows = Array.from({ length: 30 }, (_, at) => `${at}\n`).join('');
    const error = await refusal(() => read('csv', `a,b\n${rows}"never closed`));
    expect(error.details?.invalid).toHaveLength(20);
    expect(error.message).toMatch(/line 2: .*\. At least 29 more, the first 19 of them: line 3: .*line 21: [^;]*$/);
    const { skipped } = await read('csv', `a,b\n${rows}`, { on_invalid: 'skip' });
    expect(skipped.invalid).toBe(30);
    expect(skipped.records).toHaveLength(20);
  });

  test('refuses a source that becomes unreadable despite on_invalid "skip"', async () => {
    for (const content of ['a,b\n1,"2\n3,4\n', 'a,b\n"1"x,2\n']) {
      const error = await refusal(() => read('csv', content, { on_invalid: 'skip' }));
      expect(error.message).toMatch(/line 2: expected a/);
    }
    expect((await refusal(() => read('json', '[1,}', { on_invalid: 'skip' }))).message).toMatch(/line 1, column 4/);
  });

  const broken = (text: string) => Buffer.from(text.replaceAll('\ufffd', '\xef\xbf\xbd'), 'latin1');
  test.each<[string, string, Buffer, JsonObject, number, readonly string[]]>([
    ['a row of CSV', 'csv', broken('a,b\n1,2\n3,\xe9\n4,\xe8\n5,\ufffd\n'), {}, 2, ['line 3', 'line 4']],
    ['a row after quoted breaks', 'csv', broken('a,b\r\n"1\r\n",2\r\n3,"\xe9\r\n"\r\n4,5\r\n'), {}, 2, ['line 4']],
    ['a character cut off at the end', 'csv', broken('a,b\n1,2\n3,\xc3'), {}, 1, ['line 3']],
    ['half of UTF-16', 'csv', Buffer.from('\ufeffa,b\n1,2\n3,\ud83d\n', 'utf16le'), {}, 1, ['line 3']],
    [
      'a line of JSON',
      'json',
      broken('1\n"\xe9"\n"\ufffd"\n{"\xff":1}\n\xe9\n'),
      { format: 'jsonl' },
      2,
      ['line 2', 'line 4', 'line 5, column 1'],
    ],
    [
      'an item of one JSON text',
      'json',
      broken('[1,\n"\xe9","\ufffd",\n{"a":["\xe9"]}]'),
      {},
      2,
      ['line 2, column 1', 'line 3, column 1'],
    ],
    ['a member of an object', 'json', broken('{"m":{"a":1,"\xe9":2}}'), { items_path: 'm' }, 1, ['line 1, column 17']],
  ])('undecodable bytes: %s', async (_, type, content, config, good, places) => {
    const error = await refusal(() => read(type, content, config));
    expect(error.message).toMatch(/: expected utf-(8|16le), found bytes that are not/);
    expect(error.details?.invalid).toMatchObject(places.map((place) => ({ place })));
    expect(error.hint).toContain('on_invalid: "skip"');
    const { items, skipped } = await read(type, content, { ...config, on_invalid: 'skip' });
    expect(items).toHaveLength(good);
    expect(skipped.records.map(({ place }) => place)).toEqual(places);
  });

  test('undecodable bytes split between chunks', async () => {
    const rows = Array.from({ length: 40_000 }, (_, at) =>
      at % 10_000 === 9_999 ? `${at},caf\xe9\n` : `${at},caf\xc3\xa9\n`,
    );
    const { items, skipped } = await read('csv', broken(`a,b\n${rows.join('')}`), { on_invalid: 'skip' });
    expect(items).toHaveLength(39_996);
    expect(new Set(items.map(({ payload }) => payload.b))).toEqual(new Set(['café']));
    expect(skipped.records.map(({ place }) => place)).toEqual(
      [10_001, 20_001, 30_001, 40_001].map((line) => `line ${line}`),
    );
  });

  test('ignores undecodable bytes outside items', async () => {
    expect((await read('csv', broken('\xe9\na,b\n#\xe9\n1,2\n'), { skip_lines: 1, comment: '#' })).items).toHaveLength(
      1,
    );
    expect((await read('json', broken('{"x":"\xe9","m":[1]}'), { items_path: 'm' })).items).toHaveLength(1);
  });

  test('refuses undecodable bytes in the structure around the items', async () => {
    const header = await refusal(() => read('csv', broken('a,\xe9\n1,2\n'), { on_invalid: 'skip' }));
    expect(header.message).toMatch(/line 1: expected utf-8/);
    const between = await refusal(() => read('json', broken('[1,\xe9]'), { format: 'json', on_invalid: 'skip' }));
    expect(between.message).toMatch(/line 1, column 4: expected utf-8, found bytes that are not$/);
    for (const { hint } of [header, between]) expect(hint).not.toContain('on_invalid');
  });

  test('a NUL character in a row of CSV', async () => {
    const content = 'a,b\n1,2\n3,\0\n4,5\n';
    expect((await refusal(() => read('csv', content))).message).toMatch(/line 3: .*NUL/);
    const { items, skipped } = await read('csv', content, { on_invalid: 'skip' });
    expect(items.map(({ payload }) => payload.a)).toEqual(['1', '4']);
    expect(skipped.records).toEqual([{ place: 'line 3', reason: 'expected text in utf-8, found a NUL character' }]);
  });

  test('skips ragged rows although other invalid records are refused', async () => {
    const { items, skipped } = await read('csv', 'a,b\n1\n2,3\n', { ragged_rows: 'skip' });
    expect(items).toHaveLength(1);
    expect(skipped).toMatchObject({ invalid: 1, records: [{ place: 'line 2' }] });
    const error = await refusal(() => read('csv', 'a,b\n1\n,3\n', { ragged_rows: 'skip', id_column: 'a' }));
    expect(error.message).toMatch(/line 3: expected a value in id_column/);
  });

  test.each<[string, string, string, JsonObject]>([
    ['a quote never closed after them', 'csv', 'a,b\n1,2\n3\n4,"5\n', {}],
    ['no other rows', 'csv', 'a,b\n,2\n,3\n', { id_column: 'a' }],
    ['a fault of the text after them', 'json', '[{"id":1},{},\n}', { id_field: 'id', format: 'json' }],
    ['a line that is too long after them', 'json', `1\n{\n"${'x'.repeat(17 * 1024 * 1024)}"\n`, { format: 'jsonl' }],
    ['only lines that are no JSON', 'json', 'a\nb\n', { format: 'jsonl' }],
    [
      'code that throws after them',
      'dynamic',
      'export function* enumerate() { yield 1; yield "\\ud800"; throw new Error("x"); }',
      {},
    ],
    ['an empty file', 'csv', '', {}],
    ['more lines to skip than there are', 'csv', 'a\n1\n', { skip_lines: 9 }],
  ])('does not suggest on_invalid when it does not help: %s', async (_, type, content, config) => {
    expect((await refusal(() => read(type, content, config))).hint).not.toContain('on_invalid');
    const skipping = read(type, content, { ...config, on_invalid: 'skip' });
    const found = await skipping.then(
      ({ items }) => items.length,
      () => 'refused',
    );
    expect([0, 'refused']).toContain(found);
  });

  test('does not suggest on_invalid when it is set', async () => {
    for (const content of ['a,b\n1,"2\n', '', 'a\n\xff\n"']) {
      expect((await refusal(() => read('csv', broken(content), { on_invalid: 'skip' }))).hint).not.toContain(
        'on_invalid',
      );
    }
  });

  test('suggests on_invalid when there are more invalid records than listed', async () => {
    const rows = Array.from({ length: 30 }, (_, at) => `${at}\n`).join('');
    const error = await refusal(() => read('csv', `a,b\n1,2\n${rows}`));
    expect(error.message).toMatch(/line 3: .*\. 29 more, the first 19 of them: line 4: .*line 22: [^;]*$/);
    expect(error.hint).toContain('on_invalid: "skip"');
  });

  test('says that there may be others when their number is unknown', async () => {
    expect((await refusal(() => read('csv', 'a,b\n1\n2,3\n4\n'))).message).toMatch(
      /line 2: .*\. 1 more: line 4: [^;]*$/,
    );
    const error = await refusal(() => read('csv', 'a,b\n1\n"never closed'));
    expect(error.message).toMatch(/line 2: .* found 1; and perhaps others after it$/);
  });

  test.each([
    [{ on_invalid: 'skip' }, 'skip'],
    [{ on_invalid: 'refuse' }, 'refuse'],
    [{}, 'refuse'],
  ])('config %j means %s', (config, expected) => expect(onInvalid(config)).toBe(expected));
});
