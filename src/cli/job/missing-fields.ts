import type { JsonObject } from '../../domain/json.ts';
import { createColumns } from '../../export/columns.ts';
import type { Batch } from '../batch-file/read.ts';
import type { Session } from '../session.ts';
import { printable } from '../terminal.ts';

/**
 * Warns of each chosen column of the export that no row will have, as far as the first item, the fields of all items and
 * the output schema tell: at the end, when all is spent, the export would be refused.
 */
export function warnOfMissingFields(
  { say, terminal }: Session,
  batch: Batch,
  fields: readonly string[],
  first: JsonObject,
): void {
  const chosen = batch.create.output?.fields ?? [];
  const result = sampleOf(batch.create.output_schema);
  if (result === null) return;
  const columns = createColumns(false);
  columns.see({ payload: { ...Object.fromEntries(fields.map((name) => [name, null])), ...first }, result });
  // What is null here may hold fields there.
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

/** A result with all that a schema names; null stands for what is no object, and where the schema leaves names open. */
function sampleOf(schema: unknown): JsonObject | null {
  const { properties, additionalProperties = false, ...rest } = (schema ?? {}) as JsonObject;
  const isClosed = additionalProperties === false && Object.keys(rest).every((keyword) => HARMLESS.has(keyword));
  if (!isClosed || typeof properties !== 'object' || properties === null) return null;
  return Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, sampleOf(inner)]));
}

/** Beside `properties` these name no further ones. */
const HARMLESS = new Set(['type', 'required', 'title', 'description', '$schema', '$defs']);
