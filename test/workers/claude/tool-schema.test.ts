import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/domain/json.ts';
import { toolSchema } from '../../../src/workers/claude/tool-schema.ts';

const told = (left: JsonObject) => `It must also satisfy the JSON Schema ${JSON.stringify(left)}`;

describe('the schema that the CLI is given', () => {
  it('is the own one where every reader takes it', () => {
    const schema = {
      type: 'object',
      properties: {
        n: { type: ['number', 'null'], exclusiveMinimum: 0 },
        list: { type: 'array', items: { $ref: '#/$defs/item' }, minItems: 1 },
        // Names of properties are no keywords.
        format: { oneOf: [{ const: 'a' }, { not: { enum: ['b'] } }] },
      },
      required: ['n'],
      additionalProperties: false,
      $defs: { item: { type: 'string', maxLength: 3 } },
    };
    expect(toolSchema(schema)).toEqual(schema);
  });

  it.each<[string, JsonObject, JsonObject]>([
    ['loses its dialect', { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' }, {}],
    ['gets the type that a tool must have', { properties: {} }, { properties: {} }],
    [
      'tells a format',
      { properties: { e: { format: 'email' } } },
      { properties: { e: { description: told({ format: 'email' }) } } },
    ],
    [
      'tells what nobody knows',
      { 'x-note': 1, description: 'An item.' },
      { description: `An item.\n${told({ 'x-note': 1 })}` },
    ],
    [
      'tells a tuple, with the items that come after it',
      { properties: { t: { type: 'array', prefixItems: [{ const: 1 }], items: false } } },
      { properties: { t: { type: 'array', description: told({ prefixItems: [{ const: 1 }], items: false }) } } },
    ],
    [
      'tells a bound of draft 04',
      { properties: { n: { minimum: 0, exclusiveMinimum: true } } },
      { properties: { n: { minimum: 0, description: told({ exclusiveMinimum: true }) } } },
    ],
    ['tells a reference to elsewhere', { $ref: '#anchor' }, { description: told({ $ref: '#anchor' }) }],
    [
      'tells alternatives at the root',
      { anyOf: [{ required: ['a'] }] },
      { description: told({ anyOf: [{ required: ['a'] }] }) },
    ],
    [
      'tells a decimal divisor, which the CLI would divide doubles by',
      { properties: { price: { multipleOf: 0.01 }, pack: { multipleOf: 6 } } },
      { properties: { price: { description: told({ multipleOf: 0.01 }) }, pack: { multipleOf: 6 } } },
    ],
    [
      'tells a property that every object inherits',
      { properties: { constructor: { type: 'string' } }, additionalProperties: false },
      { properties: { constructor: { description: told({ type: 'string' }) } }, additionalProperties: false },
    ],
    [
      'allows others beside __proto__, which the CLI does not know',
      JSON.parse('{"properties":{"__proto__":{"type":"string"}},"additionalProperties":false}'),
      JSON.parse(
        JSON.stringify({ properties: { PROTO: { description: told({ type: 'string' }) } } })
          .replace('PROTO', '__proto__')
          .replace(/}$/, `,"description":${JSON.stringify(told({ additionalProperties: false }))}}`),
      ),
    ],
    [
      'is never stricter: what inverts is told when anything was left out',
      { properties: { e: { format: 'email', not: { const: '' } } } },
      { properties: { e: { description: told({ format: 'email', not: { const: '' } }) } } },
    ],
  ])('%s', (_, schema, expected) => {
    expect(toolSchema(schema)).toEqual({ type: 'object', ...expected });
  });
});
