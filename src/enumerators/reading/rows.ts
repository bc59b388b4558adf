import type { Json, JsonObject } from '../../domain/json.ts';
import type { WarningCounter } from './warnings.ts';

/** Longest item in characters: a longer one is a mistake (an unclosed quote) and would exhaust memory. */
export const MAX_ITEM_LENGTH = 16 * 1024 * 1024;

export const ROW_WARNINGS = {
  renamed_column: 'Columns without a name, or with a repeated name, were renamed.',
} as const;

/**
 * Makes column names unique: empty ones become `column_3` (by position), repeated ones `name_2`, each with a warning.
 */
export function uniqueNames(given: readonly string[], warnings: WarningCounter): string[] {
  const taken = new Set(given);
  const seen = new Set<string>();
  return given.map((name, at) => {
    if (name !== '' && !seen.has(name)) {
      seen.add(name);
      return name;
    }
    const stem = name === '' ? `column_${at + 1}` : name;
    let unique = name === '' ? stem : `${stem}_2`;
    for (let next = 2; taken.has(unique); next++) unique = `${stem}_${next}`;
    taken.add(unique);
    warnings.add('renamed_column', `column ${at + 1} ${JSON.stringify(name)} → ${JSON.stringify(unique)}`);
    return unique;
  });
}

/**
 * Creates the function that builds the payload of a row: the columns, then `_row_index` and `_id` (the key as text)
 * unless the source has columns of these names.
 */
export function rowPayload(
  names: readonly string[],
): (values: readonly Json[], index: number, key: string) => JsonObject {
  const addsIndex = !names.includes('_row_index');
  const addsId = !names.includes('_id');
  return (values, index, key) => {
    const payload: Record<string, Json> = {};
    for (let at = 0; at < names.length; at++) setOwn(payload, names[at] ?? '', values[at] ?? null);
    if (addsIndex) payload._row_index = index;
    if (addsId) payload._id = key;
    return payload;
  };
}

/** Assigns a property; `__proto__` would change the prototype instead. */
function setOwn(payload: Record<string, Json>, name: string, value: Json): void {
  if (name === '__proto__')
    Object.defineProperty(payload, name, { value, enumerable: true, writable: true, configurable: true });
  else payload[name] = value;
}
