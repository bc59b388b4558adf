import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../src/domain/json.ts';
import { splitPath } from '../../src/enumerators/json/route.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { enumerateAll, refusal } from './helpers.ts';

/** A file with this content. */
function file(content: string | Uint8Array, name = 'source.json'): string {
  const path = join(temporaryDirectory(), name);
  writeFileSync(path, content);
  return path;
}

/** The fields of every item, without `_index` and `_id`. */
async function items(content: string | Uint8Array, config: JsonObject = {}, name?: string): Promise<JsonObject[]> {
  const { payloads } = await enumerateAll('json', { file_path: file(content, name), ...config });
  return payloads.map(({ _index, _id, ...fields }) => fields);
}

test('yields the fields, the number, the key and the place', async () => {
  const content = '[\n  {"sku": "A1", "price": 7.5},\n  {"sku": 2}\n]';
  expect((await enumerateAll('json', { file_path: file(content), id_field: 'sku' })).items).toEqual([
    { key: 'A1', place: 'line 2, column 3', payload: { sku: 'A1', price: 7.5, _index: 0, _id: 'A1' } },
    { key: '2', place: 'line 3, column 3', payload: { sku: 2, _index: 1, _id: '2' } },
  ]);
});

test('uses the number as key without id_field and keeps fields named _id and _index', async () => {
  const { items } = await enumerateAll('json', { file_path: file('[{"_id": {"$oid": "x"}}, {"_index": null}]') });
  expect(items.map(({ key, payload }) => [key, payload])).toEqual([
    [undefined, { _id: { $oid: 'x' }, _index: 0 }],
    [undefined, { _id: '1', _index: null }],
  ]);
});

describe('a repeated field', () => {
  const REPEATED = [
    '{"a": 1, "a": 2}',
    '{"a": 1, "\\u0061" : 2}',
    '{"x": [{"y": {"a": 1,\t"b": 0, "a": 2}}]}',
    '[{"a": "\\\\", "a": "\\""}]',
    '{"__proto__": 1, "__proto__": 2}',
  ];
  const CLEAN = [
    '{"a": 1, "b": {"a": 2}, "c": [{"a": 3}, {"a": 4}]}',
    '{"a\\"": "\\": ", "b": "x\\\\", "c": ":", "": "\\\\\\" : "}',
    '"a : b"',
    '["a", ":", "b"]',
    '{"__proto__": {"a": 1}, "toString": 2}',
    'null',
    '{}',
  ];

  test.each([
    ['JSON', `[\n${[...CLEAN, ...REPEATED].join(',\n')}]`, 'source.json', ', column 1'],
    ['JSON Lines', `\n${[...CLEAN, ...REPEATED].join('\n')}`, 'source.jsonl', ''],
  ])('keeps its last value, with a warning and its place, in %s', async (_, content, name, column) => {
    const { payloads, warnings } = await enumerateAll('json', { file_path: file(content, name) });
    expect(payloads).toHaveLength(CLEAN.length + REPEATED.length);
    expect(payloads[CLEAN.length]).toMatchObject({ a: 2 });
    const examples = REPEATED.map((_text, at) => `line ${CLEAN.length + at + 2}${column}`);
    expect(warnings).toEqual([
      { kind: 'repeated_field', message: expect.stringMatching(/twice/), count: REPEATED.length, examples },
    ]);
  });
});

describe('accepted files', () => {
  const ab = [{ a: 1 }, { b: [2, { c: null }] }];
  const text = JSON.stringify(ab);
  const values = (...all: Json[]) => all.map((value) => ({ value }));
  test.each<[string, string | Uint8Array, JsonObject, readonly JsonObject[]]>([
    ['an array on one line', text, {}, ab],
    ['an array over many lines', JSON.stringify(ab, null, 2), {}, ab],
    ['a byte order mark and white space around', `\u{FEFF}\r\n\t ${text} \n`, {}, ab],
    ['anything but objects is "value"', '[1, "x", null, true, [1], -0.5e3]', {}, values(1, 'x', null, true, [1], -500)],
    ['an empty array', '[ ]', {}, []],
    ['JSON Lines', '{"a":1}\n{"b":[2,{"c":null}]}\n', {}, ab],
    ['JSON Lines with CRLF, empty lines and no break at the end', '\r\n{"a":1}\r\n \r\n{"b":[2,{"c":null}]}', {}, ab],
    ['JSON Lines of arrays, where the config says so', '[1]\n[2]\n', { format: 'jsonl' }, values([1], [2])],
    ['JSON Lines of single values', '1\nnull\n"x"\n', {}, values(1, null, 'x')],
    ...['\n', ' ', '', '\r\n', '\n\n', '\t'].map((space): [string, string, JsonObject, JsonObject[]] => [
      `arrays with ${JSON.stringify(space)} between`,
      `[{"a":1},{"a":3}]${space}[{"a":2}]`,
      {},
      [{ a: 1 }, { a: 3 }, { a: 2 }],
    ]),
    ['arrays over lines', '[{"a":1},\n{"a":3}]\n[\n{"a":2}]\n', {}, [{ a: 1 }, { a: 3 }, { a: 2 }]],
    ['empty arrays on lines', '[]\n[1]\n[]\n', {}, values(1)],
    ['arrays after separators', '\u001e[1]\n\u001e[2]\n', {}, values(1, 2)],
    ['every value of every value', '{"a":[1],"b":[2,3]}', { items_path: '*[*]' }, values(1, 2, 3)],
    ['the first list of every value', '{"a":[[1],[4]],"b":[[2,3]]}', { items_path: '*[0]' }, values(1, 2, 3)],
    ['a list in every value', '[{"a":[1]},{"a":[2]}]', { items_path: '*.a[*]' }, values(1, 2)],
    ['brackets after a star below', '{"x":{"a":[[1]],"b":[[2]]}}', { items_path: 'x.*[0][*]' }, values(1, 2)],
    ['a name that is a star', '{"*":[[1],[2]]}', { items_path: '\\*[1]' }, values(2)],
    [
      'an array below a path',
      `{"x":{"items":[7]},"data":{"n":"]","items":${text},"z":{}},"data2":1}`,
      { items_path: 'data.items' },
      ab,
    ],
    ['a path with a dot in a name', `{"a.b":{"":${text}}}`, { items_path: 'a\\.b.' }, ab],
    ['a path with escapes in the file', `{"d\\u0061ta":${text}}`, { items_path: 'data' }, ab],
    ['a path through an array', `[[], {"rows":${text}}]`, { items_path: '1.rows' }, ab],
    ['a path to an empty array', '{"data":[]}', { items_path: 'data' }, []],
    ['gzip', gzipSync(text), {}, ab],
    ['UTF-16', Buffer.from(`\u{FEFF}${text}`, 'utf16le'), {}, ab],
    ['an old encoding', Buffer.from('["caf\xe9"]', 'latin1'), { encoding: 'latin1' }, values('café')],
    [
      'integers beyond 2^53 keep their digits',
      '[9007199254740993, -12345678901234567890, 9007199254740991]',
      {},
      values('9007199254740993', '-12345678901234567890', 9007199254740991),
    ],
    ['numbers too large for a double keep their text', '[{"x":1e999,"y":1e100}]', {}, [{ x: '1e999', y: 1e100 }]],
    ['escapes, controls and whole surrogate pairs', '["\\u0000\\n\\"\\/\\ud83d\\ude42"]', {}, values('\0\n"/🙂')],
  ])('%s', async (_, content, config, expected) => {
    expect(await items(content, config)).toEqual(expected);
  });

  test('detects JSON Lines with a first line longer than a chunk', async () => {
    const first = { text: 'x'.repeat(200_000) };
    expect(await items(`${JSON.stringify(first)}\n{"a":1}\n`)).toEqual([first, { a: 1 }]);
  });

  test('a .jsonl or .ndjson file is JSON Lines whatever its first line', async () => {
    expect(await items('[1]\n', {}, 'x.jsonl')).toEqual([{ value: [1] }]);
    expect(await items('{"a":1}\n[2]\n3\n', {}, 'x.jsonl')).toEqual([{ a: 1 }, { value: [2] }, { value: 3 }]);
    expect(await items(gzipSync('{"a":1}\n'), {}, 'x.ndjson.gz')).toEqual([{ a: 1 }]);
  });

  test('accepts a field named __proto__', async () => {
    const [item] = await items('[{"__proto__": {"x": 1}}]');
    expect(Object.keys(item ?? {})).toEqual(['__proto__']);
  });

  test('values may be split anywhere between chunks', async () => {
    const value = { 'k"\\': ['é🙂\\"', -1.5e-7, { deep: [true, null, ''] }], long: 'x'.repeat(997) };
    const many = Array.from({ length: 500 }, (_, at) => ({ ...value, at }));
    expect(await items(JSON.stringify(many))).toEqual(many);
    expect(await items(JSON.stringify({ skipped: many, rows: many }, null, 1), { items_path: 'rows' })).toEqual(many);
    expect(await items(many.map((item) => `${JSON.stringify(item)}\n`).join(''))).toEqual(many);
  });
});

describe('refusals with line and column', () => {
  const deep = `${'['.repeat(501)}${']'.repeat(501)}`;
  test.each<[string, string | Uint8Array, JsonObject, RegExp]>([
    [
      'a missing comma',
      '[\n  {"a": 1}\n  {"b": 2}\n]',
      {},
      /source\.json, line 3, column 3: expected "," or "\]", found "\{"/,
    ],
    ['a comma too many', '[1,\n2,]', {}, /line 2, column 3: expected a value, found "\]"/],
    ['a comma too many in an object', '[{"a":1,}]', {}, /line 1, column 9: expected a key, found "\}"/],
    ['a key without quotes', '[{a: 1}]', {}, /line 1, column 3: expected a key or "\}", found "a"/],
    ['single quotes', "['x']", {}, /line 1, column 2: expected a value or "\]", found "'"/],
    ['a key without a colon', '[{"a" 1}]', {}, /line 1, column 7: expected ":", found "1"/],
    ['the wrong bracket', '[{"a":[1}]]', {}, /line 1, column 9: expected "," or "\]", found "\}"/],
    ['NaN', '[1, NaN]', {}, /line 1, column 5: expected a value, found "NaN"/],
    ['a number with a leading zero', '[01]', {}, /line 1, column 2: expected a value, found "01"/],
    ['a line break in a string', '["a\nb"]', {}, /line 1, column 4: expected a character of a string/],
    [
      'an escape that there is not',
      '["a\\x0041"]',
      {},
      /line 1, column 4: expected a character of a string or a whole escape, found "\\\\"/,
    ],
    ['text cut off in an array', '[1,\n2', {}, /line 2, column 2: expected "," or "\]", found the end of the text/],
    ['text cut off in a string', '[1,\n"ab', {}, /line 2, column 4: expected the end of a string, found the end/],
    ['something after the end', '[1]\n x', { format: 'json' }, /line 2, column 2: expected the end, found "x"/],
    [
      'a text other than an array after one',
      '[1] {}',
      {},
      /column 5: expected an array, as the texts before, found an object/,
    ],
    ['consecutive single values', '1 "x"null', {}, /column 1: expected an array at the top, found a single value/],
    ['an array after an object', '{} [1]', {}, /column 4: expected an object, as the texts before, found an array/],
    ['a word after an object', '{}\nnull', { format: 'json' }, /line 2, column 1: expected an object, as the texts/],
    ['a bracket after the end', '[1]]', {}, /line 1, column 4: expected the end, found "\]"/],
    ['half of a surrogate pair', '[1,\n"\\ud800"]', {}, /line 2, column 1: expected whole characters, found half/],
    ['half of one in a list', '{"a":["x","\\udc00x"]}\n{}\n', {}, /line 1: .* half of a surrogate pair in a\.1/],
    ['half of one in a name', '{"\\uD83D":1}\n{}\n', {}, /line 1: .* half of a surrogate pair in the name of/],
    ['an empty file', '', {}, /line 1, column 1: expected a value, found the end of the text/],
    ['a single value', '5', {}, /line 1, column 1: expected an array at the top, found a single value/],
    ['an object without a path', '{"data": []}', {}, /line 1, column 1: expected an array at the top, found an object/],
    [
      'a path that is not there',
      '{"data": {"itmes": [], "x": 1}}',
      { items_path: 'data.items' },
      /column 30: expected "items" in "data", found "itmes", "x"\. Did you mean "itmes"\?/,
    ],
    [
      'a path through a name with dots that were not escaped',
      '{"data": {"a.b": {"items": []}}}',
      { items_path: 'data.a.b.items' },
      /expected "a" in "data", found "a\.b"\. Did you mean "data\.a\\\\\.b\.items"\?/,
    ],
    [
      'a path to a single value',
      '{"data": {"items": 1}}',
      { items_path: 'data.items' },
      /column 20: expected an object or array at "data.items", found a single value/,
    ],
    [
      'a path through a value',
      '{"data": 1}',
      { items_path: 'data.items' },
      /column 10: expected an object or array at "data", found a single value/,
    ],
    ['a position that is not there', '[[1]]', { items_path: '3' }, /column 5: expected "3" in the top, found 1 values/],
    [
      'a path that is there twice',
      '{"data": [1],\n"data": [2]}',
      { items_path: 'data' },
      /line 2, column 7: expected "data" once in the top/,
    ],
    [
      'a fault in what is skipped',
      '{"a": [tru], "data": [1]}',
      { items_path: 'data' },
      /column 8: expected a value, found "tru"/,
    ],
    ['nesting without end', deep, {}, /line 1, column 501: expected at most 500 levels of nesting/],
    ['a fault in a line', '{"a":1}\n\n{"b":}\n', {}, /line 3, column 6: expected a value, found "\}"/],
    ['a line cut off', '{"a":1}\n{"b":', {}, /line 2, column 6: expected a value, found the end of the text/],
    ['two values in a line', '{"a":1}\n{"b":1} {}\n', {}, /line 2, column 9: expected the end, found "\{"/],
    ['a line with nesting without end', `1\n${deep}`, {}, /line 2, column 501: expected at most 500 levels/],
    [
      'an item without its id',
      '[{"id":1},\n{}]',
      { id_field: 'id' },
      /line 2, column 1: expected a text or number in id_field "id", found no such field/,
    ],
    [
      'an id_field like one that is there',
      '[{"sku":1}]',
      { id_field: 'Sku' },
      /found no such field\. Did you mean "sku"\?/,
    ],
    [
      'an id_field with a dot that was not escaped',
      '[{"a":{"x.y":1}}]',
      { id_field: 'a.x.y' },
      /found no such field\. Did you mean "a\.x\\\\\.y"\?/,
    ],
    ['an id that is no whole text', '[{"id":"\\ud800"}]', { id_field: 'id' }, /half of a surrogate pair in id/],
    [
      'an item with an invalid id',
      '[{"id":null}]',
      { id_field: 'id' },
      /expected a text or number in id_field "id", found null/,
    ],
    ['a value with an id_field', '1\n2\n', { id_field: 'id' }, /line 1: expected a text or number in id_field "id"/],
    [
      'bytes that do not decode',
      Buffer.from('[1,\n"\xff"]', 'latin1'),
      {},
      /line 2, column 1: expected utf-8, found bytes/,
    ],
  ])('%s', async (_, content, config, message) => {
    const error = await refusal(() => items(content, config));
    expect(error.code).toBe('invalid_input');
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(/\w/);
  });
});

describe('several consecutive texts', () => {
  const ab = [{ a: 1 }, { b: 2 }];
  test.each<[string, string | Uint8Array, JsonObject, readonly JsonObject[]]>([
    ['objects on one line', '{"a":1}{"b":2}', {}, ab],
    ['objects over several lines', '{\n  "a": 1\n}\n{\n  "b": 2\n}\n', {}, ab],
    ['with white space and a mark between them', '\u{FEFF} {"a":1}\r\n\t{"b":2}\n\n', { format: 'json' }, ab],
    ['a sequence of texts (RFC 7464)', '\u001e{"a":\n1}\n\u001e{"b":2}\n', {}, ab],
    ['such a sequence of lines', '\u001e{"a":1}\n\u001e{"b":2}\n', {}, ab],
    ['arrays: the values of each', '[{"a":1}]\n[{"b":2}]', { format: 'json' }, ab],
    ['arrays on one line', '[{"a":1}] [] [{"b":2}]', {}, ab],
    ['pages, each with a path', '{"items":[{"a":1}],"next":1}\n{"items":[{"b":2}]}', { items_path: 'items' }, ab],
  ])('%s', async (_, content, config, expected) => expect(await items(content, config)).toEqual(expected));

  test('have their places', async () => {
    const { items: found } = await enumerateAll('json', { file_path: file('{\n"a":1}\n  {\n"b":2}'), format: 'json' });
    expect(found.map(({ place }) => place)).toEqual(['line 1, column 1', 'line 3, column 3']);
  });

  test('refuses a very long single object early', async () => {
    const long = `{"a":"${'x'.repeat(17 * 1024 * 1024)}"}`;
    expect((await refusal(() => items(long))).message).toMatch(/line 1, column 1: expected an array at the top/);
  });

  test('reports the place of a fault in a later text', async () => {
    expect((await refusal(() => items('{"a":1}\n\n{"b":}', { format: 'json' }))).message).toMatch(/line 3, column 6/);
  });
});

describe('the members of an object are items', () => {
  test('use their names as _key and as key', async () => {
    const content = '{"users":{"ada":{"n":1},"bo":7,"c":{"_key":"own"}}}';
    const { items: found } = await enumerateAll('json', { file_path: file(content), items_path: 'users' });
    expect(found.map(({ key, payload }) => [key, payload])).toEqual([
      ['ada', { n: 1, _key: 'ada', _index: 0, _id: 'ada' }],
      ['bo', { value: 7, _key: 'bo', _index: 1, _id: 'bo' }],
      ['c', { _key: 'own', _index: 2, _id: 'c' }],
    ]);
    expect(found[1]?.place).toBe('line 1, column 30');
  });

  test.each<[string, string, JsonObject, readonly (readonly [string | undefined, JsonObject])[]]>([
    [
      'at the top',
      '{"a":1,"b":2}',
      { items_path: '*' },
      [
        ['a', { value: 1, _key: 'a' }],
        ['b', { value: 2, _key: 'b' }],
      ],
    ],
    ['with escapes in a name', '{"\\u0061\\"":1}', { items_path: '[*]' }, [['a"', { value: 1, _key: 'a"' }]]],
    [
      'with an id_field of their own',
      '{"m":{"a":{"id":"x"}}}',
      { items_path: 'm', id_field: 'id' },
      [['x', { id: 'x', _key: 'a' }]],
    ],
    [
      'with _key as the id_field',
      '{"m":{"a":1}}',
      { items_path: 'm', id_field: '_key' },
      [['a', { value: 1, _key: 'a' }]],
    ],
    ['an empty one', '{"m":{}}', { items_path: 'm' }, []],
  ])('%s', async (_, content, config, expected) => {
    const { items: found } = await enumerateAll('json', { file_path: file(content), ...config });
    expect(found.map(({ key, payload: { _index, _id, ...fields } }) => [key, fields])).toEqual(expected);
  });

  test('refuses a member without a name', async () => {
    const error = await refusal(() => items('{"m":{"":1}}', { items_path: 'm' }));
    expect(error.message).toMatch(/line 1, column 10: expected a name, found ""/);
  });
});

describe('wildcards in items_path', () => {
  const results = '{"results":[{"items":[1,2]},{"items":[]},{"n":0,"items":[3]}]}';
  const regions = '{"regions":{"eu":{"shops":{"a":1}},"us":{"shops":{"a":2}}}}';
  test.each<[string, string, string, readonly (readonly Json[])[]]>([
    ['every element of an array', results, 'results[*].items', [[1], [2], [3]]],
    ['written as a step', results, 'results.*.items', [[1], [2], [3]]],
    ['one element', results, 'results[2].items', [[3]]],
    ['at the end it says nothing', results, 'results[0].items[*]', [[1], [2]]],
    [
      'every member of an object',
      regions,
      'regions.*.shops',
      [
        [1, 'a'],
        [2, 'a'],
      ],
    ],
    ['two of them', '[[[1],[2]],[[3]]]', '[*][*]', [[[1]], [[2]], [[3]]]],
    ['two, and a last one', '[[[1],[2]],[[3]]]', '[*][*][*]', [[1], [2], [3]]],
    ['a star in a name', '{"*":[1],"a[*]":[2]}', '\\*', [[1]]],
    ['a bracket in a name', '{"*":[1],"a[*]":[2]}', 'a\\[*]', [[2]]],
    ['a bracket in a name', '{"a[x]":[2]}', 'a[x]', [[2]]],
  ])('%s: %s %s', async (_, content, items_path, expected) => {
    const { payloads } = await enumerateAll('json', { file_path: file(content), items_path });
    expect(payloads.map(({ value, _key }) => (_key === undefined ? [value] : [value, _key]))).toEqual(expected);
  });

  test('warn with places where they lead nowhere', async () => {
    const content = '{"r":[{"items":[1]},\n{"itmes":[2]},\n{"items":null},\nnull]}';
    const { payloads, warnings } = await enumerateAll('json', { file_path: file(content), items_path: 'r[*].items' });
    expect(payloads).toHaveLength(1);
    expect(warnings).toMatchObject([{ kind: 'nothing_there', count: 3 }]);
    expect(warnings[0]?.examples[0]).toMatch(/^line 2, column 13: expected "items" in "r\[\*\]", found "itmes"/);
  });

  test('refuse a missing step before them, and a single value at their end', async () => {
    expect((await refusal(() => items('{"q":[]}', { items_path: 'r[*].items' }))).message).toMatch(
      /expected "r" in the top/,
    );
    expect((await refusal(() => items('{"r":[{"items":1}]}', { items_path: 'r[*].items' }))).message).toMatch(
      /expected an object or array at "r\[\*\]\.items", found a single value/,
    );
  });
});

test('refuses items_path with JSON Lines', async () => {
  const error = await refusal(() => items('{"a":[1]}\n', { format: 'jsonl', items_path: 'a' }));
  expect(error.message).toContain('items_path: expected none with format "jsonl"');
  expect(error.hint).toMatch(/\w/);
});

test('ignores a fault after the limit', async () => {
  expect(await items('[1,2,x', { limit: 2 })).toEqual([{ value: 1 }, { value: 2 }]);
});

test('an id_field may be a path', async () => {
  const { items } = await enumerateAll('json', { file_path: file('[{"meta":{"a.b":"k"}}]'), id_field: 'meta.a\\.b' });
  expect(items.map(({ key }) => key)).toEqual(['k']);
});

test.each([
  ['data', ['data']],
  ['data.items', ['data', 'items']],
  ['a\\.b.c', ['a.b', 'c']],
  ['a\\\\.b', ['a\\', 'b']],
  ['a..b.', ['a', '', 'b', '']],
  ['.', ['', '']],
  ['a b', ['a b']],
])('splits the path %s into %j', (path, steps) => expect(splitPath(path)).toEqual(steps));
