import { isArray, type Json } from '../domain/json.ts';
import type { ExportRow } from './row.ts';
import type { RowSource } from './write-units.ts';

/**
 * Replaces half surrogate pairs by U+FFFD in texts and names: UTF-8 has none, and no source accepts one. `replaced`
 * returns the number of rows changed in the last pass.
 */
export function wholeTexts(rows: RowSource): { readonly rows: RowSource; replaced(): number } {
  let replaced = 0;
  async function* whole() {
    replaced = 0;
    for await (const row of rows()) {
      const json = row as unknown as Json;
      if (isWhole(json)) {
        yield row;
        continue;
      }
      replaced += 1;
      yield madeWhole(json) as unknown as ExportRow;
    }
  }
  return { rows: whole, replaced: () => replaced };
}

/** Checked first: nearly every row is well-formed and stays the same object. */
function isWhole(value: Json): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  if (isArray(value)) return value.every(isWhole);
  return Object.entries(value).every(([name, field]) => name.isWellFormed() && isWhole(field));
}

function madeWhole(value: Json): Json {
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value !== 'object' || value === null) return value;
  if (isArray(value)) return value.map(madeWhole);
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name.toWellFormed(), madeWhole(field)]));
}
