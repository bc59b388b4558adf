import { z } from 'zod';
import { usd } from '../../domain/money.ts';
import { operation, requireJob, SCREENS } from '../operation.ts';
import { jobId } from '../shapes.ts';

const DEFAULT_POINTS = 120;
/** Points that are read before other requests get a turn of the event loop. */
const POINTS_A_TURN = 8;

const point = z.object({
  /** End of the interval, seconds since 1970. */
  at: z.number(),
  succeeded: z.int(),
  failed: z.int(),
  cost_usd: z.number(),
});

/** Returns attempts and cost of a job over time. */
export const jobHistory = operation({
  name: 'job_history',
  title: 'Units and cost over time',
  interfaces: SCREENS,
  description:
    'Attempts that ended and their cost (with steps of scope job), in equal intervals from the first to the last one (or to now while the job runs). Each point counts its own interval only.',
  input: z.strictObject({
    job_id: jobId,
    points: z.int().min(2).max(500).optional().describe(`Intervals; default ${DEFAULT_POINTS}`),
  }),
  output: z.object({ job_id: z.string(), interval_s: z.number(), points: z.array(point) }),
  effect: 'read',
  async run(deps, { job_id, points: wanted = DEFAULT_POINTS }) {
    const job = await requireJob(deps, job_id);
    const span = await deps.repository.attempts.endedSpan(job_id);
    if (!span) return { job_id, interval_s: 0, points: [] };
    const first = Math.min(span.first, job.startedAt ?? span.first);
    const last = (job.status === 'running' ? Math.max(deps.clock.now(), span.last) : span.last) + 1;
    const interval = Math.max(1000, Math.ceil((last - first) / wanted));
    const points: z.input<typeof point>[] = [];
    // A step of scope job counts to the cost, but not to the units.
    const post = await deps.repository.attempts.ofUnit({ jobId: job_id, scope: 'job', index: 0 });
    for (let from = first; from < last; from += interval) {
      const { succeeded, failed, costUsd } = await deps.repository.attempts.endedBetween(job_id, from, from + interval);
      const besides = post.filter(({ endedAt }) => endedAt !== null && endedAt >= from && endedAt < from + interval);
      const good = besides.filter(({ status }) => status === 'succeeded').length;
      points.push({
        at: (from + interval) / 1000,
        succeeded: succeeded - good,
        failed: failed - (besides.length - good),
        cost_usd: usd(costUsd),
      });
      if (points.length % POINTS_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    return { job_id, interval_s: interval / 1000, points };
  },
});
