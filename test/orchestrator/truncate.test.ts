import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonObject } from '../../src/domain/json.ts';
import { jsonBytes, truncate, truncateField, truncateList, truncateObject } from '../../src/orchestrator/truncate.ts';

const anyText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.constantFrom('"\\', '\u0001', '漢', '😀', '\n').chain((unit) => fc.nat(300).map((times) => unit.repeat(times))),
);

test('a text is complete where it fits as JSON; otherwise its beginning and the number of missing characters are shown', () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 1, max: 400 }), (text, bytes) => {
      const short = truncate(text, bytes);
      if (jsonBytes(text) - 2 <= bytes) {
        expect(short).toBe(text);
        return;
      }
      const [, shown = '', missing] = /^(.*)… \((\d+) more characters\)$/su.exec(short) ?? [];
      expect(text.startsWith(shown)).toBe(true);
      expect(shown.length + Number(missing)).toBe(text.length);
      expect(jsonBytes(shown) - 2).toBeLessThanOrEqual(bytes);
      expect(/[\uD800-\uDBFF]$/.test(shown), 'ends in half a character').toBe(false);
    }),
  );
});

test('a text is cut as late as possible', () => {
  expect(truncate('漢'.repeat(10), 10)).toBe('漢漢漢… (7 more characters)');
  expect(truncate('😀😀', 7)).toBe('😀… (2 more characters)');
  expect(truncate('"""', 4)).toBe('""… (1 more characters)');
});

test('a text or an object that was truncated before says how much of the whole is missing', () => {
  const text = truncate('x'.repeat(1000), 500);
  expect(truncate(text, 100)).toBe(`${'x'.repeat(100)}… (900 more characters)`);
  expect(truncate(text, 510)).toBe(`${'x'.repeat(500)}… (500 more characters)`);
  const fields = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`field ${n}`, 'value '.repeat(20)]));
  const short = truncateObject(truncateObject(fields, 2000), 300);
  expect(short['…']).toBe(`${100 - (Object.keys(short).length - 1)} more fields`);
  const list = truncateField('of', ['one', 'two', 'three'], 10, 5);
  expect(list).toEqual({ of: ['one'], of_left_out: 7 });
});

test('an object stays below its size, whatever its names and values are', () => {
  fc.assert(
    fc.property(fc.dictionary(anyText, fc.oneof(anyText, fc.jsonValue())), (object) => {
      const short = truncateObject(object as JsonObject, 600);
      // In addition to the size: the notes about missing parts, of one value and of all.
      expect(jsonBytes(short)).toBeLessThanOrEqual(600 + 400);
      if (jsonBytes(object) <= 600) expect(short).toBe(object);
    }),
  );
});

test('a list has at least one entry, and a named one says how many are missing', () => {
  expect(truncateList(['aaaa', 'b'], 1)).toEqual(['aaaa']);
  expect(truncateField('names', ['漢漢', '漢', 'x'], 16)).toEqual({ names: ['漢漢', '漢'], names_left_out: 1 });
  expect(truncateField('names', [], 16)).toEqual({});
  expect(truncateField('names', undefined, 16)).toEqual({});
});
