import { z } from 'zod';
import { getWorker } from '../../workers/index.ts';
import { operation, TERMINAL } from '../operation.ts';

/** Lists the kinds of workers. */
export const listWorkers = operation({
  name: 'list_workers',
  title: 'Kinds of workers',
  interfaces: TERMINAL,
  description: 'The kinds of workers with their config fields.',
  input: z.strictObject({}),
  output: z.object({
    workers: z.array(z.object({ type: z.string(), description: z.string(), config_schema: z.looseObject({}) })),
  }),
  effect: 'read',
  run: async ({ workers }) => ({
    workers: await Promise.all(
      workers.types.map(async (name) => {
        const { type, description, configSchema } = await getWorker(name);
        return { type, description, config_schema: z.toJSONSchema(configSchema, { io: 'input' }) };
      }),
    ),
  }),
});
