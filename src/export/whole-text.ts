import { isArray, type Json } from '../domain/json.ts';
import type { ExportRow } from './row.ts';
import type { RowSource } from './write-units.ts';

/**
 * The same rows with whole characters: half of a surrogate pair is U+FFFD, in texts and names alike. UTF-8 holds none, and
 * no source takes one, ABP's own neither. `replaced` counts the rows of the last pass that had one.
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

/** Looked at first: nearly every row is whole, and stays the object that it is. */
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
