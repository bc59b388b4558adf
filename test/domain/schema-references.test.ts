import { expect, test } from 'vitest';
import type { JsonObject } from '../../src/domain/json.ts';
import { endlessReference } from '../../src/domain/schema-references.ts';

test.each<[string, JsonObject, string | null]>([
  ['none', { type: 'object' }, null],
  ['to itself', { $ref: '#' }, '#'],
  ['to itself by an item', { items: { $ref: '#' } }, null],
  [
    'to a part that holds it',
    { $ref: '#/$defs/a/allOf/0', $defs: { a: { allOf: [{ $ref: '#/$defs/a' }] } } },
    '#/$defs/a',
  ],
  ['to nothing by its name', { $ref: '#nothing' }, null],
  ['to nothing by a pointer', { $ref: '#/$defs/none', $defs: {} }, null],
  ['through a value that is no schema', { $ref: '#/title/0', title: 'x' }, null],
  ['that cannot be decoded', { $ref: '#/%zz' }, null],
  ['that is no valid address', { $ref: 'http://[', $id: 'http://example.com/a' }, null],
  ['to its own address', { $id: 'http://example.com/a#', $ref: 'http://example.com/a' }, 'http://example.com/a'],
  ['to an invalid address', { $id: 'http://[', $ref: '#' }, '#'],
])('the first endless reference of a schema with one %s', (_, schema, endless) => {
  expect(endlessReference(schema)).toBe(endless);
});
