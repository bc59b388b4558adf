import { z } from 'zod';
import { executorState } from '../../supervision/lease.ts';
import { IN_PROCESS, operation } from '../operation.ts';
import { iso } from '../shapes.ts';

/** Lists the executors that hold a job now. */
export const listExecutors = operation({
  name: 'list_executors',
  title: 'Executors',
  interfaces: IN_PROCESS,
  description: 'The executors that hold a job now, by their leases.',
  input: z.strictObject({}),
  output: z.object({
    executors: z.array(
      z.object({
        job_id: z.string(),
        state: z.enum(['none', 'alive', 'lost']),
        pid: z.int(),
        epoch: z.int(),
        heartbeat: z.int(),
        since: z.string(),
      }),
    ),
  }),
  effect: 'read',
  run: async ({ repository }) => ({
    executors: (await repository.leases.held()).map((lease) => ({
      job_id: lease.jobId,
      state: executorState(lease),
      pid: lease.pid,
      epoch: lease.epoch,
      heartbeat: lease.heartbeat,
      since: iso(lease.acquiredAt),
    })),
  }),
});
