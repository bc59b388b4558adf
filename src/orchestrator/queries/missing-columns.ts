import { z } from 'zod';
import { AbpError } from '../../domain/error.ts';
import type { Hint } from '../../domain/hint.ts';
import type { JsonObject } from '../../domain/json.ts';
import { type Step, stepsOf } from '../../domain/step.ts';
import { createColumns } from '../../export/columns.ts';
import { operation, requireJob, TERMINAL } from '../operation.ts';
import { jobId } from '../shapes.ts';

/** Shape of the chosen columns of an output that no row will have, each with a hint. */
export const missingColumns = z.array(z.object({ column: z.string(), hint: z.custom<Hint>() }));

/** Finds the chosen columns of a job's output that no row will have: the export would be refused after all units ran. */
export const findMissingColumns = operation({
  name: 'find_missing_columns',
  title: 'Columns that no row will have',
  interfaces: TERMINAL,
  description:
    'The chosen columns of the output of a job that no row will have, judged by the first item, the fields of all items and the output schema.',
  input: z.strictObject({ job_id: jobId }),
  output: z.object({ missing_columns: missingColumns }),
  effect: 'read',
  async run(deps, { job_id }) {
    const { fields, output, revision } = await requireJob(deps, job_id);
    const first = await deps.repository.units.get({ jobId: job_id, scope: 'unit', index: 0 });
    const settings = await deps.repository.jobs.revision(job_id, revision);
    if (!first || !settings || !output) return { missing_columns: [] };
    return { missing_columns: columnsMissing(output.fields ?? [], settings.steps, fields, first.payload) };
  },
});

/** Finds the `chosen` columns that no row will have. Empty where a result may have any field. */
export function columnsMissing(
  chosen: readonly string[],
  steps: readonly Step[],
  fields: readonly string[],
  first: JsonObject,
): z.input<typeof missingColumns> {
  const [only, ...others] = stepsOf({ steps }, 'unit');
  const result = others.length === 0 ? sampleOf(only?.outputSchema) : sampleOf(byStep(steps));
  if (result === null) return [];
  const columns = createColumns(false);
  columns.see({ payload: { ...Object.fromEntries(fields.map((name) => [name, null])), ...first }, result });
  // What is null in the first item may be an object with fields in others.
  const below = columns
    .layout(undefined)
    .headers.flatMap((name) => [`${name}.`, `payload.${name}.`, `result.${name}.`]);
  return chosen
    .filter((name) => !below.some((start) => name.startsWith(start)))
    .flatMap((column) => {
      try {
        columns.layout([column]);
        return [];
      } catch (error) {
        if (!(error instanceof AbpError)) throw error;
        return [{ column, hint: error.hint ?? '' }];
      }
    });
}

/** Returns the schema of results by the name of their step. */
function byStep(steps: readonly Step[]): JsonObject {
  const named = stepsOf({ steps }, 'unit').map(({ name, outputSchema }) => [name, outputSchema ?? {}] as const);
  return { properties: Object.fromEntries(named), additionalProperties: false };
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
