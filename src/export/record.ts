import type { JsonObject } from '../domain/json.ts';
import type { Cell } from './format.ts';

/** Selected cells as an object, for the formats that have no columns; absent is null, so that every row has every name. */
export function recordOf(names: readonly string[], cells: readonly Cell[]): JsonObject {
  return Object.fromEntries(names.map((name, at) => [name, cells[at] ?? null]));
}
