import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { batchFileJsonSchema } from '../../../src/cli/batch-file/json-schema.ts';
import { packageRoot } from '../../../src/package-root.ts';
import { callWithoutStore } from '../../helpers/without-store.ts';
import { workspace } from './abp.ts';

const EXAMPLES = join(packageRoot(), 'examples');
const source = { type: 'file', base_directory: 'in' };

describe('the JSON Schema of batch files', async () => {
  const validate = new Ajv2020({ strict: false, allErrors: true }).compile(await batchFileJsonSchema(callWithoutStore));

  test.each(readdirSync(EXAMPLES).filter((name) => !name.includes('.')))('takes the example %s', (name) => {
    const batch = parse(readFileSync(join(EXAMPLES, name, 'batch.yaml'), 'utf8'));
    expect(validate(batch) ? [] : validate.errors).toEqual([]);
  });

  test.each([
    ['a worker by its type', { intent: 'x', source, worker: 'claude' }],
    ['a program to run', { template: 'x', source, run: ['node', 'score.mjs'] }],
  ])('takes %s', (_what, batch) => {
    expect(validate(batch) ? [] : validate.errors).toEqual([]);
  });

  test.each([
    ['an unknown worker', { intent: 'x', source, worker: 'calude' }],
    ['an unknown field', { intent: 'x', source, intnt: 'x' }],
    ['an unknown source', { intent: 'x', source: { type: 'cvs' } }],
    ['a field of another source', { intent: 'x', source: { ...source, query: 'SELECT 1' } }],
    ['an unknown field of the worker', { intent: 'x', source, worker: { type: 'claude', modle: 'haiku' } }],
    ['a wrong type', { intent: 'x', source, limits: { max_workers: 'many' } }],
    ['no source', { intent: 'x' }],
  ])('refuses %s', (_what, batch) => {
    expect(validate(batch)).toBe(false);
  });

  test('is what abp schema prints', async () => {
    const { document } = await workspace().json('schema');
    expect(document).toEqual(JSON.parse(JSON.stringify(await batchFileJsonSchema(callWithoutStore))));
  });
});
