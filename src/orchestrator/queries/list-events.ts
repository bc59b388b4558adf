import { z } from 'zod';
import { IN_PROCESS, operation, requireJob } from '../operation.ts';
import { jobId } from '../shapes.ts';
import { eventShape, showEvent } from './job-timeline.ts';

/** Lists the events of a job and of its units, oldest first. */
export const listEvents = operation({
  name: 'list_events',
  title: 'All events of a job',
  interfaces: IN_PROCESS,
  description: 'Events of a job and its units after one of them, oldest first, and the seq of the latest.',
  input: z.strictObject({
    job_id: jobId,
    after: z.int().min(-1).describe('Only events with a larger seq'),
    limit: z.int().min(0).max(10_000).describe('0: only last_seq'),
  }),
  output: z.object({ job_id: z.string(), events: z.array(eventShape), last_seq: z.int() }),
  effect: 'read',
  async run(deps, { job_id, after, limit }) {
    const { events } = deps.repository;
    const last = (await events.lastSeq(job_id)) ?? (await requireJob(deps, job_id)).eventSeq;
    const found = limit === 0 ? [] : await events.list(job_id, after, limit);
    return { job_id, events: found.map(showEvent), last_seq: last };
  },
});
