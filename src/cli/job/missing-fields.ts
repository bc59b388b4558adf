import type { JsonObject } from '../../domain/json.ts';
import { createColumns } from '../../export/columns.ts';
import type { Batch } from '../batch-file/read.ts';
import type { Session } from '../session.ts';
import { printable } from '../terminal.ts';

/**
 * Warns of each chosen column of the export that no row will have, judged by the first item, the fields of all items and the
 * output schema: the export would be refused at the end, after all units ran.
 */
export function warnOfMissingFields(
  { say, terminal }: Session,
  batch: Batch,
  fields: readonly string[],
  first: JsonObject,
): void {
  const chosen = batch.create.output?.fields ?? [];
  const result = sampleOf(batch.create.schema);
  if (result === null) return;
  const columns = createColumns(false);
  columns.see({ payload: { ...Object.fromEntries(fields.map((name) => [name, null])), ...first }, result });
  // What is null in the first item may be an object with fields in others.
  const below = columns
    .layout(undefined)
    .headers.flatMap((name) => [`${name}.`, `payload.${name}.`, `result.${name}.`]);
  for (const field of chosen.filter((name) => !below.some((start) => name.startsWith(start)))) {
    try {
      columns.layout([field]);
    } catch (error) {
      const { hint } = error as { hint?: string };
      const text = `output.fields: no row will have ${JSON.stringify(field)}, by the first item and the output schema.`;
      say(terminal.colors.yellow(printable(`${text} ${hint}`)));
    }
  }
}

/** Builds a result with all fields that a schema names; null for values that are no objects, or have open names. */
function sampleOf(schema: unknown): JsonObject | null {
  const { properties, additionalProperties = false, ...rest } = (schema ?? {}) as JsonObject;
  const isClosed = additionalProperties === false && Object.keys(rest).every((keyword) => ADD_NO_FIELDS.has(keyword));
  if (!isClosed || typeof properties !== 'object' || properties === null) return null;
  return Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, sampleOf(inner)]));
}

/** Keywords that name no further fields beside `properties`. */
const ADD_NO_FIELDS = new Set(['type', 'required', 'title', 'description', '$schema', '$defs']);
