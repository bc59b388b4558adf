import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../src/domain/json.ts';
import { checkResult, checkSchema } from '../../src/workers/schema/check.ts';

/** Patterns that are slow on a text that nearly matches: from public reports and of their kinds. */
const HOST = '^(([a-z0-9.-]+)(,|, )?)+$';
const NEARLY_A_HOST = 'mail.example-shop.test.internal.example/info?x=1';
const SLOW =
  /^checking the result against the schema took longer than \d+ s: the schema has a pattern or format with a slow/;

const host = (schema: JsonObject): JsonObject => ({ type: 'object', properties: { host: schema } });
const nested = (levels: number): Json => JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`);

describe('a check that would take too long', () => {
  test('ends with a reason, and holds up nothing else in its process', async () => {
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    expect(await checkResult(host({ type: 'string', pattern: HOST }), { host: NEARLY_A_HOST })).toMatch(SLOW);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(100);
  });

  test.each<[string, JsonObject, Json]>([
    [
      'a pattern of names, behind a reference',
      { $defs: { h: { patternProperties: { [HOST]: {} } } }, $ref: '#/$defs/h' },
      { [NEARLY_A_HOST]: 1 },
    ],
    [
      'more problems than memory',
      { items: { anyOf: Array.from({ length: 2000 }, (_, n) => ({ const: n })) } },
      Array.from({ length: 200_000 }, () => 'x'),
    ],
    [
      'alternatives that lead back',
      { anyOf: [1, 2].map((n) => ({ properties: { a: { $ref: '#' } }, required: [`b${n}`] })) },
      nested(60),
    ],
  ])('ends with a reason: %s', async (_, schema, result) => {
    expect(await checkResult(schema, result)).toMatch(/^checking the result against the schema (took|needed|broke)/);
  });

  test('does not spoil those that wait behind it', async () => {
    const schema = host({ pattern: HOST });
    const problems = await Promise.all(
      ['mail.example', NEARLY_A_HOST, 'plain', 'a!'].map((value) => checkResult(schema, { host: value })),
    );
    expect(problems.map((problem) => (problem === null ? 'passes' : SLOW.test(problem) ? 'slow' : 'fails'))).toEqual([
      'passes',
      'slow',
      'passes',
      'fails',
    ]);
  });
});

describe('a check on the thread', () => {
  test.each<[string, JsonObject, Json, string | null]>([
    ['passes what satisfies the schema', host({ format: 'date' }), { host: '2026-01-15' }, null],
    [
      'says what is wrong as any other',
      host({ format: 'date' }),
      { host: 'soon' },
      '/host must match format "date" (date)',
    ],
    [
      'takes results of any size',
      host({ maxLength: 5 }),
      { host: 'x'.repeat(8_000_000) },
      '/host must NOT have more than 5 characters',
    ],
    ['takes what no UTF-8 has', host({ pattern: '^.$' }), { host: '\ud800' }, null],
    ['takes NUL', host({ pattern: '^\\u0000$' }), { host: '\0' }, null],
    [
      'knows references in circles',
      { properties: { a: { $ref: '#' } }, type: ['object', 'number'] },
      nested(400),
      null,
    ],
    [
      'follows no nesting without end',
      { properties: { a: { $ref: '#' } } },
      nested(100_000),
      'the result is nested deeper than 500 levels',
    ],
    [
      'follows none without a reference either',
      { type: 'object' },
      nested(100_000),
      'the result is nested deeper than 500 levels',
    ],
    [
      'cuts names that the agent chose',
      { additionalProperties: false },
      { ['n'.repeat(90_000)]: 1 },
      `the result must NOT have additional properties (${'n'.repeat(252)}…`,
    ],
  ])('%s', async (_, schema, result, problem) => {
    expect(await checkResult(schema, result)).toBe(problem);
  });
});

describe('a schema of a user', () => {
  test.each<[string, JsonObject, string]>([
    ['does not compile', { pattern: '(' }, 'Unterminated group'],
    ['is nested without end', nested(100_000) as JsonObject, 'nested deeper than 500 levels'],
    ['refers to elsewhere', { $ref: 'https://example.com/schema.json' }, 'https://example.com/schema.json'],
  ])('that %s is refused with the reason', async (_, schema, named) => {
    await expect(checkSchema(schema)).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining(named),
      hint: expect.any(String),
    });
  });

  test('whose own check takes too long is refused, and the next one is checked', async () => {
    const $schema = 'http://json-schema.org/draft-07/schema#';
    const slow = { $schema, enum: Array.from({ length: 200_000 }, (_, n) => [n]) };
    await expect(checkSchema(slow)).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringMatching(/compiling it (took longer|needed more)/),
    });
    await expect(checkSchema({ $id: 'x', format: 'date' })).resolves.toBeUndefined();
  });
});
