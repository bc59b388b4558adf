import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hintText } from '../../src/domain/hint.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import { collectionsIn } from '../../src/enumerators/json/lists.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { refusal, settingsIn, sourceItems } from './helpers.ts';

/** What a file is, its text, its settings, its place and reason, and the settings to be named, each with how many items it gives. */
const REFUSED: readonly (readonly [string, string, JsonObject, RegExp, readonly (readonly [JsonObject, number])[]])[] =
  [
    // An object at the top
    [
      'a map of objects',
      '{\n"ada": {"n": 1},\n"bo": {"n": 2}\n}',
      {},
      /line 1, column 1: expected an array at the top, found an object$/,
      [[{ items_path: '*' }, 2]],
    ],
    [
      'a list in it',
      '{"n": 3, "items": [1, 2, 3]}\n',
      {},
      /column 1/,
      [
        [{ items_path: 'items' }, 3],
        [{ format: 'jsonl' }, 1],
      ],
    ],
    [
      'a list below',
      '{\n"data": {"items": [{"a": 1}, {"a": [1]}]}, "meta": {"n": 2}}',
      {},
      /line 1, column 1/,
      [[{ items_path: 'data.items' }, 2]],
    ],
    [
      'a list under a name with a dot',
      '{\n"a.b": {"c": [1, 2]}}',
      {},
      /line 1, column 1/,
      [[{ items_path: 'a\\.b.c' }, 2]],
    ],
    [
      'two lists, that nearer to the top first',
      '{\n"x": {"rows": [1]}, "rows": [1, 2]}',
      {},
      /line 1, column 1/,
      [
        [{ items_path: 'rows' }, 2],
        [{ items_path: 'x.rows' }, 1],
      ],
    ],
    [
      'a map below, with lists in its members',
      '{\n"users": {"ada": {"tags": [1]}, "bo": {"tags": [2]}}}',
      {},
      /line 1, column 1/,
      [[{ items_path: 'users' }, 2]],
    ],
    ['members that are no objects', '{\n"ada": 1,\n"bo": 2\n}', {}, /line 1, column 1/, [[{ items_path: '*' }, 2]]],
    ['one object on a line', '{"a": 1}\n', {}, /line 1, column 1/, [[{ format: 'jsonl' }, 1]]],
    ['a list of which not all have the id', '{"a": [{}, {"id": 1}]}\n', { id_field: 'id' }, /line 1, column 1/, []],
    ['an object without anything', '{\n}', {}, /line 1, column 1/, []],
    // A path that leads nowhere
    [
      'another name',
      '{\n"data": {"itmes": [1, 2]}}',
      { items_path: 'data.items' },
      /line 2, column 25: expected "items" in "data"/,
      [[{ items_path: 'data.itmes' }, 2]],
    ],
    [
      'a path into a list',
      '[\n1, 2]',
      { items_path: 'data' },
      /expected "data" in the top/,
      [[{ items_path: '*' }, 2]],
    ],
    [
      'a path to a value',
      '{\n"n": 1, "x": [1]}',
      { items_path: 'n' },
      /found a single value/,
      [[{ items_path: 'x' }, 1]],
    ],
    // Several texts
    [
      'an object after an array',
      '[{"a":1}]{"a":2}',
      {},
      /line 1, column 10: expected an array, as the texts before, found an object$/,
      [],
    ],
    [
      'an array after an object',
      '{"a":1}[2]',
      {},
      /line 1, column 8: expected an object, as the texts before, found an array$/,
      [],
    ],
    [
      'a value after an array',
      '[1]\n\n 5',
      { format: 'json' },
      /line 3, column 2: expected an array, as the texts before, found a single value$/,
      [[{ format: 'jsonl' }, 2]],
    ],
    [
      'objects after an array, each on its line',
      '[1]\n{"a":2}\n',
      { format: 'json' },
      /line 2, column 1: expected an array, as the texts before/,
      [[{ format: 'jsonl' }, 2]],
    ],
    ...['\n', ' '].flatMap((space): typeof REFUSED => {
      const place = space === ' ' ? 'line 1, column \\d+' : 'line 2, column 1';
      const lines: readonly (readonly [JsonObject, number])[] = space === ' ' ? [] : [[{ format: 'jsonl' }, 2]];
      const mix = (first: string, second: string, reason: string) =>
        [
          `${first} and ${second} with ${JSON.stringify(space)} between`,
          `${first}${space}${second}`,
          {},
          new RegExp(`${place}: expected ${reason}$`),
          lines,
        ] as const;
      return [
        mix('[{"a":2}]', '{"a":1}', 'an array, as the texts before, found an object'),
        mix('[1]', '5', 'an array, as the texts before, found a single value'),
        mix('{"a":1}', '[{"a":2}]', 'an object, as the texts before, found an array'),
        mix('{"a":1}', '5', 'an object, as the texts before, found a single value'),
        mix('{"a":1}', 'null', 'an object, as the texts before, found null'),
      ];
    }),
    [
      'an array after a single value',
      '5\n[1]\n',
      {},
      /line 2, column 1: expected a single value, as the texts before, found an array$/,
      [[{ format: 'jsonl' }, 2]],
    ],
    ['single values', '1\n"x"\n', { format: 'json' }, /line 1, column 1/, [[{ format: 'jsonl' }, 2]]],
    [
      'pages of which one has no such path',
      '{"items":[1]}[2]',
      { items_path: 'items' },
      /line 1, column 16: expected "items" in the top, found 1 values/,
      [],
    ],
    // Lines
    [
      'objects over several lines after a first one',
      '{"a":1}\n{\n"a":2}\n',
      {},
      /line 2, column 2: expected a key or "}", found the end of the text/,
      [
        [{ format: 'json' }, 2],
        [{ on_invalid: 'skip' }, 1],
      ],
    ],
    ['a line that is not JSON', '1\nnope\n2\n', {}, /line 2, column 1/, [[{ on_invalid: 'skip' }, 2]]],
    // Damage
    ['a comma too many', '[1,\n2,]', {}, /line 2, column 3/, []],
    ['a text cut off', '{"items": [1, 2', { items_path: 'items' }, /found the end of the text/, []],
  ];

describe('a refusal names the one setting that cures it', () => {
  test.each(REFUSED)('%s', async (_, content, config, message, cures) => {
    const file_path = join(temporaryDirectory(), 'source.json');
    writeFileSync(file_path, content);
    const error = await refusal(() => sourceItems('json', { file_path, ...config }));
    expect(error.message).toMatch(message);
    const hint = hintText(error.hint ?? '');
    expect(hint).toMatch(/\w/);
    expect(settingsIn(hint), hint).toEqual(cures.map(([setting]) => setting));
    for (const [setting, count] of cures) {
      expect((await sourceItems('json', { file_path, ...config, ...setting })).length).toBe(count);
    }
  });
});

test.each([
  ['[1][2]', 2],
  ['[1] []\n[2, 3]', 3],
])('reads consecutive arrays: %s', async (content, count) => {
  const file_path = join(temporaryDirectory(), 'source.json');
  writeFileSync(file_path, content);
  expect(await sourceItems('json', { file_path, format: 'json' })).toHaveLength(count);
});

test('finds lists in a truncated text', () => {
  expect(collectionsIn('{"a": {"rows": [{"x": "]"}, {"x"')).toEqual([{ path: 'a.rows', kind: 'list' }]);
});
