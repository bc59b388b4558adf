import type { JsonObject } from '../domain/json.ts';
import type { Cell } from './format.ts';

/**
 * Builds an object from selected cells, for formats without columns; absent cells are null, so that all rows have the
 * same names.
 */
export function recordOf(names: readonly string[], cells: readonly Cell[]): JsonObject {
  return Object.fromEntries(names.map((name, at) => [name, cells[at] ?? null]));
}
