import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type FoundValue, scanJson } from '../../src/enumerators/json/scan.ts';

/** What a scan of these pieces gives, or the place and text of its fault. */
function scan(
  pieces: readonly string[],
  path: readonly string[] | null,
  maxLength = 1000,
): readonly FoundValue[] | string {
  const fault = (line: number, column: number, message: string) => new Error(`${line}:${column} ${message}`);
  const found: FoundValue[] = [];
  try {
    const reader = scanJson({ path, maxLength, fault });
    for (const piece of pieces) found.push(...reader.push(piece));
    reader.end();
    return found;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

test('finds the same values, places and faults however the text is split', () => {
  const character = fc.constantFrom(...'[]{},:"\\ \n0-1.eE', 'true', 'null', '\\u00e9', '"a":', '"x"', 'é', '🙂');
  const whole = fc.oneof(
    fc.array(character, { maxLength: 20 }).map((parts) => parts.join('')),
    fc.json({ maxDepth: 3 }),
    fc.array(fc.json({ maxDepth: 2 })).map((values) => `{"a": 1,\n "x": [${values.join(' ,\n')}]}`),
  );
  const path = fc.constantFrom(null, [], ['x'], ['a', 'x'], ['0']);
  fc.assert(
    fc.property(whole, path, fc.array(fc.nat({ max: 12 })), (text, steps, cuts) => {
      const pieces: string[] = [];
      // A decoder does not cut through a character.
      const rest = [...text];
      for (const cut of cuts) pieces.push(rest.splice(0, cut).join(''));
      expect(scan([...pieces, rest.join('')], steps)).toEqual(scan([text], steps));
    }),
    { numRuns: 2000 },
  );
});

test('accepts exactly what JSON.parse accepts without a path', () => {
  const character = fc.constantFrom(
    ...'[]{},:"\\ \n0-1.eE',
    'true',
    'false',
    'null',
    '\\n',
    '\\u00e9',
    '"a":',
    '"x"',
    '\t',
    '\u{1}',
    '\u{2028}',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(character, { maxLength: 12 }).map((parts) => parts.join('')),
        fc.json(),
      ),
      (text) => {
        let parses = true;
        try {
          JSON.parse(text);
        } catch {
          parses = false;
        }
        expect(typeof scan([text], null) !== 'string').toBe(parses);
      },
    ),
    { numRuns: 5000 },
  );
});

test.each<[string, string[], readonly string[] | null]>([
  ['one value in pieces', ['["', 'x'.repeat(30), 'x'.repeat(30), '"]'], []],
  ['one number', [`[${'1'.repeat(60)}`, '1]'], []],
])('refuses more than maxLength: %s', (_, pieces, path) => {
  expect(scan(pieces, path, 50)).toMatch(/^1:\d+ expected at most 50 characters in one value, found more$/);
});

test('accepts any length outside the selected values', () => {
  const long = JSON.stringify({ skipped: ['x'.repeat(500), { y: [1, 2, 3] }], items: [1] });
  expect(scan([long.slice(0, 99), long.slice(99)], ['items'], 50)).toEqual([
    { text: '1', key: null, line: 1, column: long.length - 2 },
  ]);
});
