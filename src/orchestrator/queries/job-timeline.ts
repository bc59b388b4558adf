import { z } from 'zod';
import type { JobEvent } from '../../domain/event.ts';
import { operation, requireJob, SCREENS } from '../operation.ts';
import { iso, jobId } from '../shapes.ts';

const DEFAULT_EVENTS = 50;

/** Shape of an event, here and in the event stream. */
export const eventShape = z.object({
  seq: z.int(),
  at: z.string(),
  type: z.string(),
  unit: z.int().optional(),
  scope: z.string().optional(),
  attempt: z.int().optional(),
  data: z.record(z.string(), z.unknown()),
});

/** Converts a stored event to `eventShape`. */
export function showEvent({ seq, at, type, index, scope, attempt, data }: JobEvent): z.input<typeof eventShape> {
  return {
    seq,
    at: iso(at),
    type,
    ...(index === null ? {} : { unit: index }),
    ...(scope === null ? {} : { scope }),
    ...(attempt === null ? {} : { attempt }),
    data,
  };
}

/** Lists the events of a job as a whole. */
export const jobTimeline = operation({
  name: 'job_timeline',
  title: 'Events of a job',
  interfaces: SCREENS,
  description: 'Events of the job itself, without those of single units, newest first, by page.',
  input: z.strictObject({
    job_id: jobId,
    before: z.int().min(1).optional().describe('Only events with a smaller seq; the cursor'),
    limit: z.int().min(1).max(500).optional().describe(`Default ${DEFAULT_EVENTS}`),
  }),
  output: z.object({ job_id: z.string(), events: z.array(eventShape), next_before: z.int().nullable() }),
  effect: 'read',
  async run(deps, { job_id, before = Number.MAX_SAFE_INTEGER, limit = DEFAULT_EVENTS }) {
    await requireJob(deps, job_id);
    const events = await deps.repository.events.ofJob(job_id, before, limit);
    const last = events.at(-1);
    return { job_id, events: events.map(showEvent), next_before: events.length < limit || !last ? null : last.seq };
  },
});
