import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../src/domain/json.ts';
import { compileSchema } from '../../src/domain/output-schema.ts';

const TITLE: JsonObject = { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] };

describe('an output schema', () => {
  it.each<[string, JsonObject, Json, string | null]>([
    ['accepts a matching result', TITLE, { title: 'x', more: 1 }, null],
    ['names what is missing', TITLE, {}, "the result must have required property 'title' (title)"],
    ['names the place', TITLE, { title: 5 }, '/title must be string (string)'],
    [
      'cuts a problem that is too long',
      { required: ['x'.repeat(400)] },
      {},
      `the result must have required property '${'x'.repeat(260)}…`,
    ],
    [
      'lists what is allowed',
      { enum: ['a', 'b'] },
      'c',
      'the result must be equal to one of the allowed values (a, b)',
    ],
    ['knows formats', { type: 'string', format: 'date' }, 'soon', 'the result must match format "date" (date)'],
    ['ignores unknown formats and keywords', { type: 'string', format: 'odd', note: 1 }, 'x', null],
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

  it('lists the first ten problems and counts the others', async () => {
    const check = await compileSchema({ items: { type: 'number' } });
    const problem = check(Array.from({ length: 14 }, () => 'x'));
    expect(problem?.match(/must be number/g)).toHaveLength(10);
    expect(problem).toContain('and 4 more');
  });

  it.each<[string, JsonObject, string]>([
    ['a type that does not exist', { type: 'strng' }, 'type'],
    ['a broken pattern', { pattern: '(' }, 'regular expression'],
    ['a reference to elsewhere', { $ref: 'https://example.com/schema.json' }, 'https://example.com/schema.json'],
    ['an unknown dialect', { $schema: 'https://example.com/mine' }, 'draft 2020-12'],
  ])('with %s is rejected', async (_, schema, named) => {
    await expect(compileSchema(schema)).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining(named),
      hint: expect.stringContaining('JSON Schema'),
    });
  });

  const parsed = (text: string) => JSON.parse(text) as JsonObject;
  it.each<[string, JsonObject, Json, boolean]>([
    ['an optional constructor that is absent', { properties: { constructor: { type: 'string' } } }, {}, true],
    ['an optional toString that is absent', { properties: { toString: { type: 'string' } } }, {}, true],
    ['a constructor of its own', { properties: { constructor: { type: 'string' } } }, { constructor: 'x' }, true],
    ['a constructor of the wrong type', { properties: { constructor: { type: 'string' } } }, { constructor: 5 }, false],
    ['a required constructor that is absent', { required: ['constructor'] }, {}, false],
    ['a required valueOf that is present', { required: ['valueOf'] }, { valueOf: 1 }, true],
    ['a required hasOwnProperty that is absent', { required: ['hasOwnProperty'] }, {}, false],
    ['a required __proto__ that is absent', { required: ['__proto__'] }, {}, false],
    ['a required __proto__ that is present', { required: ['__proto__'] }, parsed('{"__proto__":1}'), true],
    ['a requirement of an inherited name only', { dependentRequired: { constructor: ['a'] } }, {}, true],
    ['an inherited name that is required', { dependentRequired: { a: ['toString'] } }, { a: 1 }, false],
    ['an inherited name that fits a pattern', { patternProperties: { '^con': { type: 'string' } } }, {}, true],
    ['no inherited name as one too many', { properties: { a: {} }, additionalProperties: false }, { a: 1 }, true],
    ['a constructor as one too many', { additionalProperties: false }, { constructor: 1 }, false],
    [
      'a __proto__ that is described',
      parsed('{"properties":{"__proto__":{"type":"number"}},"additionalProperties":false}'),
      parsed('{"__proto__":1}'),
      true,
    ],
    [
      'a __proto__ of the wrong type',
      parsed('{"properties":{"__proto__":{"type":"number"}}}'),
      parsed('{"__proto__":"x"}'),
      false,
    ],
  ])('ignores inherited properties: %s', async (_, schema, value, satisfies) => {
    expect((await compileSchema(schema))(value) === null).toBe(satisfies);
  });

  it.each<[value: number, divisor: number, satisfies: boolean]>([
    [19.99, 0.01, true],
    [19.995, 0.01, false],
    [0.3, 0.1, true],
    [0.35, 0.1, false],
    [4.35, 0.05, true],
    [-1.1, 0.1, true],
    [0, 0.01, true],
    [3e-7, 1e-7, true],
    [3.5e-7, 1e-7, false],
    [1e21, 3, false],
    [1e21, 10, true],
    [9007199254740992, 0.5, true],
    [1e308, 0.123456789, false],
    [7.5, 2.5, true],
  ])('multipleOf compares decimals as written: %d of %d is %s', async (value, multipleOf, satisfies) => {
    const drafts = ['https://json-schema.org/draft/2020-12/schema', 'http://json-schema.org/draft-04/schema#'];
    for (const $schema of drafts) {
      const problem = (await compileSchema({ $schema, multipleOf }))(value);
      expect(problem).toBe(satisfies ? null : `the result must be multiple of ${multipleOf}`);
    }
  });

  it.each<[string, JsonObject]>([
    ['at once', { $ref: '#' }],
    ['in allOf', { allOf: [{ $ref: '#' }] }],
    ['in anyOf beside others', { anyOf: [{ type: 'string' }, { $ref: '#' }] }],
    ['in not', { not: { $ref: '#' } }],
    ['in a condition', { if: { $ref: '#' }, else: { type: 'string' } }],
    ['if a property is there', { dependentSchemas: { a: { $ref: '#' } } }],
    ['over two definitions', { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } }],
    ['below a property', { properties: { a: { $ref: '#/properties/a' } } }],
    ['by an anchor', { $anchor: 'me', allOf: [{ $ref: '#me' }] }],
    ['by an address', { $id: 'https://a.example/one', allOf: [{ $ref: 'one' }] }],
    ['by an escaped pointer', { $ref: '#/$defs/a~1b%25', $defs: { 'a/b%': { oneOf: [{ $ref: '#' }] } } }],
    ['by a dynamic reference', { $dynamicAnchor: 'node', anyOf: [{ $dynamicRef: '#node' }] }],
    ['in draft 07', { $schema: 'http://json-schema.org/draft-07/schema#', $id: '#me', allOf: [{ $ref: '#me' }] }],
  ])('is rejected when it only refers to itself, %s', async (_, schema) => {
    await expect(compileSchema(schema)).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('leads to itself'),
    });
  });

  it.each<[string, JsonObject]>([
    ['at once', { $ref: '#/' }],
    ['with an address', { $id: 'http://a/b', $ref: 'b#/' }],
    ['with a name', { $id: 'urn:x:y', $ref: 'urn:x:y#/' }],
    ['below a property', { properties: { next: { $ref: '#/' } } }],
    ['which is there', { '': { type: 'string' }, properties: { a: { $ref: '#/' } } }],
    ['in draft 07', { $schema: 'http://json-schema.org/draft-07/schema#', items: { $ref: '#/' } }],
  ])('is rejected when it refers to a member with an empty name, %s', async (_, schema) => {
    await expect(compileSchema(schema)).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('"#" is the whole schema'),
    });
  });

  it('may refer to an empty name further down', async () => {
    const schema = { $defs: { '': { $defs: { '': { type: 'number' } } } }, $ref: '#/$defs//$defs/' };
    expect((await compileSchema(schema))('x')).toContain('must be number');
  });

  it.each<[string, JsonObject, Json]>([
    ['a property', { type: 'object', properties: { next: { $ref: '#' } } }, { next: { next: 5 } }],
    ['items', { type: ['array', 'null'], items: { $ref: '#' } }, [[null, [5]]]],
    [
      'a definition with alternatives',
      {
        $ref: '#/$defs/tree',
        $defs: {
          tree: {
            anyOf: [{ type: 'null' }, { additionalProperties: { $ref: '#/$defs/tree' } }],
            type: ['object', 'null'],
          },
        },
      },
      { a: { b: 5 } },
    ],
  ])('may refer to itself through %s', async (_, schema, wrong) => {
    expect((await compileSchema(schema))(wrong)).toContain('must be');
  });

  it('may refer to one definition twice', async () => {
    const schema = { allOf: [{ $ref: '#/$defs/x' }, { $ref: '#/$defs/x' }], $defs: { x: { type: 'string' } } };
    expect((await compileSchema(schema))('x')).toBeNull();
  });
});
