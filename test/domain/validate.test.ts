import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { AbpError } from '../../src/domain/error.ts';
import { nearest } from '../../src/domain/nearest.ts';
import { parseWith, show } from '../../src/domain/validate.ts';

describe('the closest known name', () => {
  const known = ['file_path', 'delimiter', 'has_header', 'limit', 'csv', 'claude'];
  test.each([
    ['delimeter', 'delimiter'],
    ['filePath', 'file_path'],
    ['file-path', 'file_path'],
    ['path', 'file_path'],
    ['header', 'has_header'],
    ['delim', 'delimiter'],
    ['LIMIT', 'limit'],
    ['cvs', 'csv'],
    ['calude', 'claude'],
    ['zzz', null],
    ['', null],
  ])('%s → %s', (name, meant) => expect(nearest(name, known)).toBe(meant));

  test('is null without names', () => expect(nearest('x', [])).toBe(null));
});

describe('a value is parsed, or rejected with path, expected and found', () => {
  const schema = z.strictObject({
    name: z.string().min(1),
    size: z.int().min(1).max(5).optional(),
    sort: z.enum(['path', 'none']).default('path'),
    sizes: z.union([z.string(), z.array(z.int().max(9))]).optional(),
    count: z.int().min(0).optional(),
    tags: z.array(z.string()).optional(),
    either: z.union([z.string(), z.array(z.string())]).optional(),
    worker: z
      .discriminatedUnion('type', [
        z.strictObject({
          type: z.literal('claude'),
          model: z.string().optional(),
        }),
        z.strictObject({
          type: z.literal('command'),
          command: z.array(z.string()).min(1),
        }),
      ])
      .optional(),
    env: z.record(z.string().regex(/^[A-Z]+$/), z.string()).optional(),
    even: z.number().multipleOf(2).optional(),
    own: z
      .string()
      .refine((text) => text !== 'bad', 'expected anything but bad')
      .optional(),
  });

  test.each<[unknown, ...string[]]>([
    [3, 'expected an object, found 3'],
    [{}, 'name: expected a string, it is missing'],
    [{ name: '' }, 'name: expected at least 1 characters, found ""'],
    [{ name: 'a', size: 9 }, 'size: expected at most 5, found 9'],
    [{ name: 'a', size: 1e300 }, 'size: expected at most 5, found 1e+300'],
    [{ name: 'a', size: -1e300 }, 'size: expected at least 1, found -1e+300'],
    [{ name: 'a', sizes: [1, 1e300] }, 'sizes[1]: expected at most 9, found 1e+300'],
    [{ name: 'a', count: 1e300 }, 'count: expected at most 9007199254740991, found 1e+300'],
    [{ name: 'a', size: 1.5 }, 'size: expected a whole number, found 1.5'],
    [{ name: 'a', sort: 'size' }, 'sort: expected one of "path", "none", found "size"'],
    [{ name: 'a', tags: ['x', 1] }, 'tags[1]: expected a string, found 1'],
    [{ name: 'a', either: 3 }, 'either: expected a string or a list, found 3'],
    [{ name: 'a', either: [3] }, 'either[0]: expected a string, found 3'],
    [{ name: 'a', worker: { type: 'robot' } }, 'worker.type: expected one of "claude", "command", found "robot"'],
    [{ name: 'a', worker: { type: 'claude', modle: 'x' } }, 'worker: unknown field "modle". Did you mean "model"?'],
    [{ name: 'a', worker: { type: 'command', command: [] } }, 'worker.command: expected at least 1 entries, found []'],
    [{ name: 'a', env: { a: 'x' } }, 'env.a: expected text that matches /^[A-Z]+$/, found "a"'],
    [{ name: 'a', even: 3 }, 'even: expected a multiple of 2, found 3'],
    [{ name: 'a', own: 'bad' }, 'own: expected anything but bad'],
    [{ nam: 'a' }, 'name: expected a string, it is missing', 'unknown field "nam". Did you mean "name"?'],
    [{ name: 'a'.repeat(10), size: 'x'.repeat(200) }, `size: expected a number, found "${'x'.repeat(76)}…`],
  ])('%j', (value, ...messages) => {
    const error = refusal(() => parseWith(schema, value, 'thing'));
    expect(error.code).toBe('invalid_input');
    expect(error.message).toBe(`Invalid thing: ${messages.join('; ')}`);
  });

  test.each<[string, z.ZodType, unknown, string]>([
    ['one value', z.literal('a'), 'b', 'expected "a", found "b"'],
    ['another type', z.bigint(), 1, 'expected bigint, found 1'],
    ['an exact length', z.string().length(2), 'abc', 'expected exactly 2 characters, found "abc"'],
    ['an exact length, and less', z.array(z.int()).length(2), [1], 'expected exactly 2 entries, found [1]'],
    ['more than a number', z.number().gt(2), 2, 'expected more than 2, found 2'],
    ['less than a number', z.number().lt(2), 2, 'expected less than 2, found 2'],
    ['a known form', z.email(), 'x', 'expected text of the form email, found "x"'],
    ['a value outside a union', z.union([z.literal('a'), z.literal('b')]), 'c', 'expected "a" or "b", found "c"'],
    ['a union without branches', z.union([]), 1, 'expected another value, found 1'],
    [
      'the nearest of several',
      z.union([z.object({ a: z.int(), b: z.int() }), z.object({ a: z.int() })]),
      {},
      'a: expected a number, it is missing',
    ],
    [
      'a field that is one of two',
      z.union([z.object({ a: z.literal(1) }), z.array(z.int())]),
      { a: 2 },
      'a: expected 1, found 2',
    ],
    [
      'a whole value by its rule',
      z.union([z.string().min(2), z.int()]),
      'a',
      'expected at least 2 characters, found "a"',
    ],
    ['a key outside an enum', z.record(z.enum(['a']), z.int()), { a: 1, c: 2 }, 'unknown field "c".'],
    ['a rule without words', z.custom(() => false), 1, 'expected another value, found 1'],
  ])('%s', (_, kind, value, message) => {
    expect(refusal(() => parseWith(kind, value, 'thing')).message).toBe(`Invalid thing: ${message}`);
  });

  test.each([
    ['what JSON has', { a: [1] }, '{"a":[1]}'],
    ['what it has not', undefined, 'undefined'],
    ['a bigint', 12n, '12'],
    ['a long value by its beginning', 'x'.repeat(100), `"${'x'.repeat(76)}…`],
  ])('shows %s', (_, value, shown) => {
    expect(show(value)).toBe(shown);
  });

  test('lists the first of many problems and counts the rest', () => {
    const many = refusal(() => parseWith(schema, { name: 'a', tags: Array(12).fill(1) }, 'thing'));
    const told = Array.from({ length: 10 }, (_, n) => `tags[${n}]: expected a string, found 1`);
    expect(many.message).toBe(`Invalid thing: ${told.join('; ')}; and 2 more problems`);
    expect(many.details?.problems).toHaveLength(10);
    const unknown = Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`zz${n}`, 1]));
    const { message } = refusal(() => parseWith(schema, { name: 'a', ...unknown }, 'thing'));
    expect(message).toMatch(/unknown field "zz9"\.; and 1 more problem$/);
  });

  test('each unknown field is a separate problem with its key and the closest name', () => {
    const { details } = refusal(() => parseWith(schema, { name: 'a', siz: 1, tag: 1 }, 'thing'));
    expect(details?.problems).toEqual([
      { path: '', key: 'siz', message: 'unknown field "siz". Did you mean "size"?' },
      { path: '', key: 'tag', message: 'unknown field "tag". Did you mean "tags"?' },
    ]);
  });

  test('numbers are shown as they are, also those without JSON', () => {
    const { message } = refusal(() => parseWith(schema, { name: 'a', size: Number.NaN }, 'thing'));
    expect(message).toMatch(/found NaN$/);
  });

  test("an unknown field puts the known ones before the caller's hint", () => {
    const error = refusal(() =>
      parseWith(z.strictObject({ a: z.string(), b: z.string() }), { q: 1 }, 'thing', 'See x.'),
    );
    expect(error.hint).toBe('Known fields: a, b. See x.');
  });

  test('a valid value is returned with its defaults', () => {
    expect(parseWith(schema, { name: 'a' }, 'thing')).toEqual({
      name: 'a',
      sort: 'path',
    });
  });
});

function refusal(run: () => unknown): AbpError {
  try {
    run();
  } catch (error) {
    if (error instanceof AbpError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}
