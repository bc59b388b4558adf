import type { Json } from '../domain/json.ts';
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
      const found = wellFormed(row as unknown as Json) as unknown as ExportRow;
      if (found !== row) replaced += 1;
      yield found;
    }
  }
  return { rows: whole, replaced: () => replaced };
}

/** The value itself where nothing in it is broken. */
function wellFormed(value: Json): Json {
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const inner = value.map(wellFormed);
    return inner.every((each, at) => each === value[at]) ? value : inner;
  }
  const fields = Object.entries(value);
  const inner = fields.map(([name, field]) => [name.toWellFormed(), wellFormed(field)] as const);
  const isSame = inner.every(([name, field], at) => name === fields[at]?.[0] && field === fields[at]?.[1]);
  return isSame ? value : Object.fromEntries(inner);
}
