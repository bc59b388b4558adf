import { z } from 'zod';
import { IN_PROCESS, operation } from '../operation.ts';

/** Returns the number of the latest event of every job, by which an interface sees which jobs have changed. */
export const latestEvents = operation({
  name: 'latest_events',
  title: 'Latest event of every job',
  interfaces: IN_PROCESS,
  description: 'The seq of the latest event of every job, without jobs that are still being stored.',
  input: z.strictObject({}),
  output: z.object({ seqs: z.map(z.string(), z.int()) }),
  effect: 'read',
  run: async ({ repository }) => ({ seqs: new Map(await repository.events.lastSeqs()) }),
});
