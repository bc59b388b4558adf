import { z } from 'zod';
import type { WorkerChoice } from '../../domain/job.ts';
import type { JsonObject } from '../../domain/json.ts';
import { openSource } from '../../enumerators/index.ts';
import { checkSchema } from '../../workers/schema/check.ts';
import { chosenWorker } from '../chosen-worker.ts';
import { operation, TERMINAL } from '../operation.ts';
import { schemaInput, sourceInput, workerInput } from '../shapes.ts';

/** Checks settings of a job that does not exist yet, each by its driver. */
export const checkSettings = operation({
  name: 'check_settings',
  title: 'Check settings of a job',
  interfaces: TERMINAL,
  description:
    'Checks the config of a source, the config of a worker, and an output schema, where they are given: for a file that is read before a job exists. Answers the worker with absolute paths.',
  input: z.strictObject({
    source: sourceInput.optional(),
    worker: workerInput.optional(),
    schema: schemaInput.optional(),
  }),
  output: z.object({ worker: z.custom<WorkerChoice>().optional() }),
  effect: 'read',
  async run(deps, { source, worker, schema }, { workingDirectory }) {
    if (source) await openSource(source, { workingDirectory });
    if (schema) await checkSchema(schema as JsonObject);
    const choice = chosenWorker({ worker });
    if (!choice) return {};
    const { type, ...given } = choice;
    const { worker: driver } = await deps.workers.parse(choice);
    if (schema) driver.checkSchema?.(schema as JsonObject);
    return { worker: { type, ...driver.resolve(given, workingDirectory) } };
  },
});
