import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readBatchFile } from '../../src/cli/batch-file/read.ts';
import { compileSchema } from '../../src/domain/output-schema.ts';
import { callWithoutStore } from '../helpers/without-store.ts';
import { EXAMPLES, exampleNames } from './run-example.ts';

/** That the examples make what they expect is shown in interfaces/cli/examples.test.ts, where they run as a person runs them. */
describe.each(await exampleNames())('the example %s', async (name) => {
  const folder = path.join(EXAMPLES, name);
  const batch = await readBatchFile(path.join(folder, 'batch.yaml'), {
    set: [],
    environment: {},
    call: callWithoutStore,
  });

  it('has a batch file that names the command worker and a README that says how to run it', async () => {
    expect(batch.create.worker).toMatchObject({ type: 'command' });
    expect(await readFile(path.join(folder, 'README.md'), 'utf8')).toContain(`abp run examples/${name}/batch.yaml`);
    expect(batch.warnings).toEqual([]);
  });

  it('expects results that satisfy its schema', async () => {
    const check = await compileSchema(batch.create.schema as Parameters<typeof compileSchema>[0]);
    const lines = (await readFile(path.join(folder, 'expected/results.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(lines.length).toBeGreaterThanOrEqual(8);
    for (const { key, result } of lines.map((line) => JSON.parse(line))) {
      expect({ key, problem: check(result) }).toEqual({ key, problem: null });
    }
  });
});

describe('the corpus of the demo', () => {
  it('has at least 40 documents of many kinds and sizes, with odd names among them', async () => {
    const entries = await readdir(path.join(EXAMPLES, 'documents/input'), { recursive: true, withFileTypes: true });
    const names = entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
    expect(names.length).toBeGreaterThanOrEqual(40);
    expect(new Set(names.map((name) => path.extname(name))).size).toBeGreaterThanOrEqual(10);
    expect(names.some((name) => name.includes(' '))).toBe(true);
    expect(names.some((name) => /[^ -~]/.test(name))).toBe(true);
  });
});
