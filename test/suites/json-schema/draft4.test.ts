import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../../src/domain/json.ts';
import { compileSchema } from '../../../src/domain/output-schema.ts';

const SUITE = join(dirname(createRequire(import.meta.url).resolve('json-schema-test-suite')), 'tests', 'draft4');

interface Group {
  readonly description: string;
  readonly schema: JsonObject;
  readonly tests: readonly { readonly description: string; readonly data: Json; readonly valid: boolean }[];
}

/** Groups that come out otherwise by choice, whole or one test of them; docs/differences.md says why. */
const CHOICES: readonly string[] = [
  'refRemote: remote ref',
  'refRemote: fragment within remote ref',
  'refRemote: ref within remote ref',
  'refRemote: change resolution scope',
  'optional/format: validation of URIs: a valid protocol-relative URI',
  'optional/zeroTerminatedFloats: some languages do not distinguish between different types of numeric value',
];

const groups = readdirSync(SUITE, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.json'))
  .flatMap((file) =>
    (JSON.parse(readFileSync(join(SUITE, file), 'utf8')) as Group[]).map((group) => ({
      ...group,
      name: `${file.replace(/\.json$/, '')}: ${group.description}`,
    })),
  );

describe('JSON Schema test suite, draft 4', () => {
  test('is present', () => expect(groups.length).toBeGreaterThan(80));

  test.each(groups.filter(({ name }) => !CHOICES.includes(name)))('$name', async ({ name, schema, tests }) => {
    const check = await compileSchema({ $schema: 'http://json-schema.org/draft-04/schema#', ...schema });
    for (const { description, data, valid } of tests) {
      if (CHOICES.includes(`${name}: ${description}`)) continue;
      expect(check(data) === null, description).toBe(valid);
    }
  });

  test('every documented deviation exists in the suite', () => {
    const known = groups.flatMap(({ name, tests }) => [
      name,
      ...tests.map(({ description }) => `${name}: ${description}`),
    ]);
    expect(CHOICES.filter((name) => !known.includes(name))).toEqual([]);
  });
});
