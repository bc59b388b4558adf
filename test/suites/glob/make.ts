import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Selection, selectWithBash } from './bash.ts';
import { SELECTIONS, TREE } from './selections.ts';

/** Where the table lies. */
export const TABLE = fileURLToPath(new URL('../../fixtures/glob-table.json', import.meta.url));

/** A selection with what bash selects: relative paths, sorted. */
export type Row = Selection & { readonly selected: readonly string[] };

/** Calls `use` with a directory that holds the tree. */
export async function withTree<T>(use: (base: string) => T | Promise<T>): Promise<T> {
  const base = mkdtempSync(join(tmpdir(), 'abp-glob-'));
  try {
    for (const file of TREE) {
      mkdirSync(dirname(join(base, file)), { recursive: true });
      writeFileSync(join(base, file), '');
    }
    return await use(base);
  } finally {
    rmSync(base, { recursive: true });
  }
}

/** The table, as the bash of this machine makes it. */
export function makeTable(base: string): readonly Row[] {
  return SELECTIONS.map((selection) => ({ ...selection, selected: selectWithBash(base, selection) }));
}

/** `node test/suites/glob/make.ts` makes the table again. */
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rows = await withTree(makeTable);
  writeFileSync(TABLE, `[\n${rows.map((row) => JSON.stringify(row)).join(',\n')}\n]\n`);
}
