import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { enumerateAll } from '../../enumerators/helpers.ts';
import { hasBash } from './bash.ts';
import { makeTable, type Row, TABLE, withTree } from './make.ts';

const table = JSON.parse(readFileSync(TABLE, 'utf8')) as readonly Row[];

describe('table of patterns matched by bash', () => {
  test('matches the selection of the file source', async () => {
    expect(table.length).toBeGreaterThan(300);
    await withTree(async (base) => {
      const ours: Row[] = [];
      for (const { selected, ...selection } of table)
        ours.push({ ...selection, selected: await select(base, selection) });
      expect(ours).toEqual(table);
    });
  });

  test.runIf(hasBash())('equals the result of the bash on this machine', async () => {
    expect(await withTree(makeTable)).toEqual(table);
  });
});

async function select(base: string, { pattern, excludes = [], hidden = false }: Omit<Row, 'selected'>) {
  const config = { base_directory: base, pattern, exclude_patterns: [...excludes], include_hidden: hidden };
  const { payloads } = await enumerateAll('file', config);
  return payloads.map(({ relative_path }) => relative_path as string).sort();
}
