import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { AbpError } from '../../src/domain/error.ts';
import { enumerators, getEnumerator, listEnumerators } from '../../src/enumerators/index.ts';
import type { Enumerator } from '../../src/ports/enumerator.ts';
import { enumeratorContract } from './enumerator.ts';

describe('file', () => {
  enumeratorContract({
    type: 'file',
    source(directory, items) {
      mkdirSync(join(directory, 'source', 'deep'), { recursive: true });
      for (let at = 0; at < items; at++)
        writeFileSync(join(directory, 'source', at % 2 ? 'deep' : '', `${at}.txt`), 'x');
      return { base_directory: `${directory}/source` };
    },
    missing: (directory) => ({ base_directory: `${directory}/nothing` }),
    huge: 2000,
    fields: ['file_path', 'relative_path', 'file_name', 'file_extension', 'file_size', 'modified_at'],
  });
});

describe('csv', () => {
  enumeratorContract({
    type: 'csv',
    source(directory, items) {
      const rows = Array.from({ length: items }, (_, at) => `id-${at},"name, ${at}"\n`);
      writeFileSync(join(directory, 'source.csv'), `id,name\n${rows.join('')}`);
      return { file_path: `${directory}/source.csv`, id_column: 'id' };
    },
    missing: (directory) => ({ file_path: `${directory}/nothing.csv` }),
    fields: ['id', 'name', '_row_index', '_id'],
  });
});

describe('json, an array', () => {
  enumeratorContract({
    type: 'json',
    source(directory, items) {
      const values = Array.from({ length: items }, (_, at) => ({ id: at, tags: [at, null], name: `name "${at}"` }));
      writeFileSync(join(directory, 'source.json'), JSON.stringify({ data: { rows: values } }, null, 1));
      return { file_path: `${directory}/source.json`, items_path: 'data.rows', id_field: 'id' };
    },
    missing: (directory) => ({ file_path: `${directory}/nothing.json` }),
    fields: ['id', 'tags', 'name', '_index', '_id'],
  });
});

describe('json, lines', () => {
  enumeratorContract({
    type: 'json',
    source(directory, items) {
      const lines = Array.from({ length: items }, (_, at) => `{"n":${at}}\n`);
      writeFileSync(join(directory, 'source.jsonl'), lines.join(''));
      return { file_path: `${directory}/source.jsonl` };
    },
    missing: (directory) => ({ file_path: `${directory}/nothing.jsonl` }),
    fields: ['n', '_index', '_id'],
  });
});

describe('sql', () => {
  enumeratorContract({
    type: 'sql',
    source(directory, items) {
      const db = new Database(join(directory, 'source.db'));
      db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)');
      const insert = db.prepare('INSERT INTO t VALUES (?, ?)');
      db.transaction(() => {
        for (let at = 0; at < items; at++) insert.run(at, `name ${at}`);
      })();
      db.close();
      return {
        connection_string: `${directory}/source.db`,
        query: 'SELECT id, name FROM t ORDER BY id',
        id_column: 'id',
      };
    },
    missing: (directory) => ({ connection_string: `${directory}/nothing.db`, query: 'SELECT 1' }),
    huge: 100_000,
    fields: ['id', 'name', '_row_index', '_id'],
  });
});

describe('dynamic', () => {
  enumeratorContract({
    type: 'dynamic',
    source(directory, items) {
      writeFileSync(join(directory, 'names.txt'), Array.from({ length: items }, (_, at) => `name ${at}`).join('\n'));
      const code = `
        import { readFileSync } from 'node:fs';
        export function* enumerate({ items, folder, file }) {
          if (items > 0) for (const name of readFileSync(folder + '/' + file, 'utf8').split('\\n')) yield { name };
        }`;
      return { code, context: { items, folder: directory, file: 'names.txt' }, read_paths: [`${directory}/names.txt`] };
    },
    missing: () => ({ code: 'export const numerate = () => [];' }),
    huge: 100_000,
    fields: ['name'],
  });
});

describe('a new enumerator needs its file and one line in the table', () => {
  const countdown: Enumerator<{ from: number; limit?: number | undefined }> = {
    type: 'countdown',
    description: 'Numbers down to one.',
    configSchema: z.strictObject({
      from: z.int().min(0).describe('The first number.'),
      limit: z.int().min(1).optional().describe('Stop after this many.'),
    }),
    example: { from: 3 },
    resolve: (config) => config,
    root: () => null,
    readable: () => [],
    powers: () => [],
    async *enumerate({ from, limit = from }, { signal }) {
      for (let number = from; number > Math.max(0, from - limit); number--) {
        await new Promise((resolve) => setImmediate(resolve));
        if (signal?.aborted) throw new AbpError('cancelled', 'given up');
        yield { key: `${number}`, place: `number ${number}`, payload: { number } };
      }
    },
  };
  const table = { ...enumerators, countdown: () => Promise.resolve(countdown) };

  enumeratorContract({
    type: 'countdown',
    table,
    source: (_, items) => ({ from: items }),
    missing: null,
    fields: ['number'],
  });

  test('lists and loads it with the others', async () => {
    expect((await listEnumerators(table)).map(({ type }) => type)).toEqual([
      'file',
      'csv',
      'json',
      'sql',
      'dynamic',
      'countdown',
    ]);
    await expect(getEnumerator('countdwon', table)).rejects.toThrow('Did you mean "countdown"?');
  });
});

test.each(['toString', 'constructor', ''])('refuses %j as unknown', async (type) => {
  await expect(getEnumerator(type)).rejects.toMatchObject({ code: 'invalid_input' });
});
