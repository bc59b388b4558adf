import { existsSync, readdirSync } from 'node:fs';
import { expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import type { JsonObject } from '../../src/domain/json.ts';
import { type EnumeratorTable, enumerators, getEnumerator, parseConfig } from '../../src/enumerators/index.ts';
import { preview } from '../../src/enumerators/preview.ts';
import { enumerateAll, refusal } from '../enumerators/helpers.ts';
import { PATIENCE } from '../helpers/patience.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

/** What the contract needs to know of a driver. */
export interface EnumeratorSubject {
  readonly type: string;
  readonly table?: EnumeratorTable;
  /** Makes a source of `items` items in an empty directory; answers with a config for it. */
  source(directory: string, items: number): Promise<JsonObject> | JsonObject;
  /** A config for a source that is not there; null where a source is always there. */
  readonly missing: ((directory: string) => JsonObject) | null;
  /** Items of a source that no driver should take in one go; 20,000 unless its source is slow to make. */
  readonly huge?: number;
  /** Fields that every payload has. */
  readonly fields: readonly string[];
}

const BIG = 2000;

/** What every enumerator does, whatever its source. Call it inside a `describe`. */
export function enumeratorContract(subject: EnumeratorSubject): void {
  const { type, table = enumerators, source, missing, huge = 20_000, fields } = subject;
  const make = async (items: number) => {
    const directory = temporaryDirectory();
    return { directory, config: await source(directory, items) };
  };
  const run = (config: JsonObject, context = {}) => enumerateAll(type, config, context, table);

  test('has a strict schema that describes every field, and a valid example', async () => {
    const enumerator = await getEnumerator(type, table);
    expect(enumerator.type).toBe(type);
    expect(enumerator.description).toMatch(/\w/);
    const schema = z.toJSONSchema(enumerator.configSchema, { io: 'input' });
    expect(schema).toMatchObject({ type: 'object', additionalProperties: false });
    for (const [name, field] of Object.entries(schema.properties ?? {})) {
      expect(field, name).toHaveProperty('description');
    }
    expect(() => parseConfig(enumerator, enumerator.example)).not.toThrow();
  });

  test('yields every item once, as plain JSON with a unique key and place', async () => {
    const { config } = await make(25);
    const { items, payloads } = await run(config);
    expect(items).toHaveLength(25);
    for (const payload of payloads) expect(Object.keys(payload)).toEqual(expect.arrayContaining([...fields]));
    expect(JSON.parse(JSON.stringify(payloads))).toEqual(payloads);
    expect(new Set(items.map(({ key }, at) => key ?? String(at))).size).toBe(25);
    expect(new Set(items.map(({ place }) => place)).size).toBe(25);
  });

  test('yields the same items in the same order on a second run', async () => {
    const { config } = await make(25);
    expect(await run(config)).toEqual(await run(config));
  });

  test('yields nothing for a source without items', async () => {
    const { config } = await make(0);
    expect((await run(config)).items).toEqual([]);
  });

  test.each([1, 10, 25, 26])('stops after limit %i', async (limit) => {
    const { config } = await make(25);
    const all = await run(config);
    const some = await run({ ...config, limit });
    expect(some.payloads).toEqual(all.payloads.slice(0, limit));
  });

  test('resolves a config to absolute paths that give the same items from anywhere', async () => {
    const { directory, config } = await make(3);
    const enumerator = await getEnumerator(type, table);
    const relative = JSON.parse(JSON.stringify(config).replaceAll(`${directory}/`, '')) as JsonObject;
    const resolved = enumerator.resolve(parseConfig(enumerator, relative), {
      workingDirectory: directory,
    }) as JsonObject;
    expect(enumerator.resolve(resolved, { workingDirectory: '/elsewhere' })).toEqual(resolved);
    expect(await run(resolved, { workingDirectory: '/' })).toEqual(await run(config));
  });

  test('leaves no open file and no process when the reader stops early', async () => {
    const { config } = await make(BIG);
    const enumerator = await getEnumerator(type, table);
    const parsed = parseConfig(enumerator, config);
    await run({ ...config, limit: 1 });
    const before = openHandles();
    for (let round = 0; round < 5; round++) {
      for await (const item of enumerator.enumerate(parsed, approving)) {
        expect(item.payload).toBeTypeOf('object');
        break;
      }
    }
    await vi.waitFor(() => expect(openHandles()).toBeLessThanOrEqual(before), PATIENCE);
  });

  test('throws "cancelled" when the signal aborts', async () => {
    const { config } = await make(BIG);
    const given_up = new AbortController();
    const enumerator = await getEnumerator(type, table);
    const enumeration = enumerator.enumerate(parseConfig(enumerator, config), {
      ...approving,
      signal: given_up.signal,
    });
    const error = await refusal(async () => {
      for await (const item of enumeration) {
        expect(item).toBeDefined();
        given_up.abort();
      }
    });
    expect(error.code).toBe('cancelled');
  });

  test('yields to other work while it runs', async () => {
    const { config } = await make(huge);
    const enumerator = await getEnumerator(type, table);
    let turns = 0;
    const other = () => {
      turns++;
      turn = setImmediate(other);
    };
    let turn = setImmediate(other);
    onTestFinished(() => clearImmediate(turn));
    const turnAt: number[] = [];
    for await (const _ of enumerator.enumerate(parseConfig(enumerator, config), approving)) {
      // A driver that goes by the time finds that some has passed.
      if (turnAt.push(turns) === 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    }
    expect(turnAt).toHaveLength(huge);
    expect(turnAt.at(-1)).toBeGreaterThan(turnAt[0] ?? 0);
  });

  test.skipIf(missing === null)(
    'refuses a missing source with what was expected, what was found and a hint',
    async () => {
      const error = await refusal(() => run(missing?.(temporaryDirectory()) ?? {}));
      expect(error.code).toBe('invalid_input');
      expect(error.message).toMatch(/expected .*found/);
      expect(error.hint).toMatch(/\w/);
    },
  );

  test('refuses an unknown field and names the nearest known one', async () => {
    const enumerator = await getEnumerator(type, table);
    const error = await refusal(() => parseConfig(enumerator, { ...enumerator.example, limti: 3 }));
    expect(error.code).toBe('invalid_input');
    expect(error.message).toContain('unknown field "limti". Did you mean "limit"?');
  });

  test('previews the first payloads, the fields with types and examples, and the total', async () => {
    const { config } = await make(25);
    const { payloads } = await run(config);
    const enumerator = await getEnumerator(type, table);
    const shown = await preview(enumerator, parseConfig(enumerator, config), approving, {
      limit: 4,
      countForMs: PATIENCE.timeout,
    });
    expect(shown).toMatchObject({ items: payloads.slice(0, 4), total: 25, complete: true });
    expect(shown.fields.map(({ name }) => name)).toEqual(expect.arrayContaining([...fields]));
    for (const field of shown.fields) expect(field.types.length, field.name).toBeGreaterThan(0);
  });
}

const approving = { workingDirectory: '/' };

/** Open files and child processes of this process, if the system reports them. */
function openHandles(): number {
  const files = existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0;
  const children = process.getActiveResourcesInfo().filter((resource) => resource === 'ProcessWrap').length;
  return files + children;
}
