import { z } from 'zod';
import type { WorkerChoice } from '../../domain/job.ts';
import type { JsonObject } from '../../domain/json.ts';
import { getEnumerator, parseConfig } from '../../enumerators/index.ts';
import { checkSchema } from '../../workers/schema/check.ts';
import { operation, TERMINAL } from '../operation.ts';
import { outputSchemaInput, workerInput } from '../shapes.ts';

/** Checks settings of a job that does not exist yet, each by its driver. */
export const checkSettings = operation({
  name: 'check_settings',
  title: 'Check settings of a job',
  interfaces: TERMINAL,
  description:
    'Checks the config of a source, the config of a worker, and an output schema, where they are given: for a file that is read before a job exists. Answers the worker with absolute paths.',
  input: z.strictObject({
    source: z.looseObject({ type: z.string() }).optional(),
    worker: workerInput.optional(),
    output_schema: outputSchemaInput.optional(),
  }),
  output: z.object({ worker: z.custom<WorkerChoice>().optional() }),
  effect: 'read',
  async run(deps, { source, worker, output_schema }, { workingDirectory }) {
    if (source) {
      const { type, ...config } = source;
      parseConfig(await getEnumerator(type), config);
    }
    const schema = output_schema as JsonObject | undefined;
    if (schema) await checkSchema(schema);
    if (!worker) return {};
    const { type, ...given } = worker as WorkerChoice;
    const { worker: driver } = await deps.workers.parse({ type, ...given });
    if (schema) driver.checkSchema?.(schema);
    return { worker: { type, ...driver.resolve(given, workingDirectory) } };
  },
});
