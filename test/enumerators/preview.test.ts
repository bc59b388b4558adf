import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { AbpError } from '../../src/domain/error.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import { getEnumerator, parseConfig } from '../../src/enumerators/index.ts';
import { preview } from '../../src/enumerators/preview.ts';
import type { EnumeratedItem, EnumerationContext, Enumerator } from '../../src/ports/enumerator.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { refusal } from './helpers.ts';

const context: EnumerationContext = { workingDirectory: '/' };

/** An enumerator of whatever the function gives. */
function giving(enumerate: (context: EnumerationContext) => AsyncIterable<EnumeratedItem>): Enumerator<JsonObject> {
  const unused = (): never => {
    throw new Error('a preview needs no more than enumerate');
  };
  return {
    type: 'x',
    description: '',
    configSchema: undefined as never,
    example: {},
    resolve: unused,
    root: unused,
    readable: unused,
    powers: unused,
    enumerate: (_, given) => enumerate(given),
  };
}

test('lists fields in order of appearance, with types, examples and counts', async () => {
  const enumerator = giving(() =>
    Readable.from([
      { payload: { id: 1, tags: ['a'], long: 'x'.repeat(500) } },
      { payload: { id: '2', note: null } },
      { payload: { id: 1, tags: [], note: { deep: true } } },
      { payload: { id: 4, unseen: true } },
    ]),
  );
  const shown = await preview(enumerator, {}, context, { limit: 3, countForMs: 10_000 });
  expect(shown.fields).toEqual([
    { name: 'id', types: ['number', 'string'], examples: ['1', '"2"'], seen: 3 },
    { name: 'tags', types: ['list'], examples: ['["a"]', '[]'], seen: 2 },
    { name: 'long', types: ['string'], examples: [`"${'x'.repeat(76)}…`], seen: 1 },
    { name: 'note', types: ['null', 'object'], examples: ['null', '{"deep":true}'], seen: 2 },
  ]);
  expect(shown).toMatchObject({ total: 4, complete: true });
});

test('stops counting at the time limit, even if the source is silent, and reports it', async () => {
  const enumerator = giving(async function* ({ signal }) {
    yield { payload: { n: 1 } };
    yield { payload: { n: 2 } };
    await new Promise((resolve) => signal?.addEventListener('abort', resolve));
    throw new AbpError('cancelled', 'given up');
  });
  const shown = await preview(enumerator, {}, context, { limit: 1, countForMs: 20 });
  expect(shown).toMatchObject({ items: [{ n: 1 }], total: 2, complete: false });
});

test('an aborted preview returns nothing', async () => {
  const enumerator = giving(async function* ({ signal }) {
    yield { payload: {} };
    await new Promise((resolve) => signal?.addEventListener('abort', resolve));
    throw new AbpError('cancelled', 'given up');
  });
  const signal = AbortSignal.timeout(20);
  const error = await refusal(() => preview(enumerator, {}, { ...context, signal }, { limit: 5, countForMs: 10_000 }));
  expect(error.code).toBe('cancelled');
});

test('finds a fault after the shown items while counting', async () => {
  const file_path = join(temporaryDirectory(), 'x.csv');
  writeFileSync(file_path, 'a,b\n1,2\n3,4\n5\n');
  const csv = await getEnumerator('csv');
  const error = await refusal(() =>
    preview(csv, parseConfig(csv, { file_path }), context, { limit: 1, countForMs: 10_000 }),
  );
  expect(error.message).toContain('line 4: expected 2 fields, found 1');
});

describe('repeated keys', () => {
  const file = () => {
    const file_path = join(temporaryDirectory(), 'x.csv');
    writeFileSync(file_path, 'id,b\n1,x\n2,y\n1,z\n3,w\n');
    return { file_path, id_column: 'id' };
  };

  test('are refused as by a job', async () => {
    const csv = await getEnumerator('csv');
    const error = await refusal(() =>
      preview(csv, parseConfig(csv, file()), context, { limit: 1, countForMs: 10_000 }),
    );
    expect(error.message).toContain('found "1" twice: line 2 and line 4.');
  });

  test('are skipped and counted with on_duplicate "skip"', async () => {
    const csv = await getEnumerator('csv');
    const config = parseConfig(csv, { ...file(), on_duplicate: 'skip' });
    const shown = await preview(csv, config, context, { limit: 9, countForMs: 10_000 });
    expect(shown).toMatchObject({ total: 3, complete: true });
    expect(shown.skipped).toEqual({
      duplicates: 1,
      invalid: 0,
      records: [{ place: 'line 4', reason: 'its key "1" came before' }],
    });
    expect(shown.items.map(({ b }) => b)).toEqual(['x', 'y', 'w']);
  });
});

test('returns warnings', async () => {
  const file_path = join(temporaryDirectory(), 'x.csv');
  writeFileSync(file_path, 'a,a\n1,2\n');
  const csv = await getEnumerator('csv');
  const shown = await preview(csv, parseConfig(csv, { file_path }), context, { limit: 1, countForMs: 10_000 });
  expect(shown.warnings).toMatchObject([{ kind: 'renamed_column', count: 1 }]);
});
