import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../src/domain/json.ts';
import { compileSchema } from '../../src/domain/output-schema.ts';

const TITLE: JsonObject = { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] };

describe('an output schema', () => {
  it.each<[string, JsonObject, Json, string | null]>([
    ['passes what satisfies it', TITLE, { title: 'x', more: 1 }, null],
    ['names what is missing', TITLE, {}, "the result must have required property 'title' (title)"],
    ['names the place', TITLE, { title: 5 }, '/title must be string (string)'],
    [
      'lists what is allowed',
      { enum: ['a', 'b'] },
      'c',
      'the result must be equal to one of the allowed values (a, b)',
    ],
    ['knows formats', { type: 'string', format: 'date' }, 'soon', 'the result must match format "date" (date)'],
    ['lets unknown formats and keywords pass', { type: 'string', format: 'odd', note: 1 } as JsonObject, 'x', null],
    ['speaks 2020-12 by default', { prefixItems: [{ type: 'number' }] }, ['x'], '/0 must be number (number)'],
    [
      'speaks 2019-09 where named',
      { $schema: 'https://json-schema.org/draft/2019-09/schema', type: 'array', items: [{ type: 'number' }] },
      ['x'],
      '/0 must be number (number)',
    ],
    [
      'speaks draft 07 where named',
      { $schema: 'http://json-schema.org/draft-07/schema#', type: 'array', items: [{ type: 'number' }] },
      ['x'],
      '/0 must be number (number)',
    ],
    [
      'speaks draft 06 where named',
      { $schema: 'http://json-schema.org/draft-06/schema#', exclusiveMinimum: 3 },
      3,
      'the result must be > 3 (>)',
    ],
    [
      'speaks draft 04 where named',
      { $schema: 'http://json-schema.org/draft-04/schema#', minimum: 3, exclusiveMinimum: true },
      3,
      'the result must be > 3 (>)',
    ],
    [
      'takes https for the http of an older dialect',
      { $schema: 'https://json-schema.org/draft-07/schema', type: 'array', items: [{ type: 'number' }] },
      ['x'],
      '/0 must be number (number)',
    ],
    [
      'takes http for the https of a newer one',
      { $schema: 'http://json-schema.org/draft/2020-12/schema', prefixItems: [{ type: 'number' }] },
      ['x'],
      '/0 must be number (number)',
    ],
    [
      'is checked at once, whatever it says',
      { $async: true, ...TITLE },
      { title: 5 },
      '/title must be string (string)',
    ],
  ])('%s', async (_, schema, value, problem) => {
    expect((await compileSchema(schema))(value)).toBe(problem);
  });

  it('tells the first ten problems and counts the others', async () => {
    const check = await compileSchema({ items: { type: 'number' } });
    const problem = check(Array.from({ length: 14 }, () => 'x'));
    expect(problem?.match(/must be number/g)).toHaveLength(10);
    expect(problem).toContain('and 4 more');
  });

  it.each<[string, JsonObject, string]>([
    ['a type that does not exist', { type: 'strng' }, 'type'],
    ['a broken pattern', { pattern: '(' }, 'regular expression'],
    ['a reference to elsewhere', { $ref: 'https://example.com/schema.json' }, 'https://example.com/schema.json'],
    ['a dialect that is not known', { $schema: 'https://example.com/mine' }, 'draft 2020-12'],
  ])('is refused with %s', async (_, schema, named) => {
    await expect(compileSchema(schema)).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining(named),
      hint: expect.stringContaining('JSON Schema'),
    });
  });
});
