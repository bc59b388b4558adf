import { FAILURES } from '../domain/failure.ts';
import type { Job } from '../domain/job.ts';
import { sentences } from '../domain/sentences.ts';
import type { Tx } from '../ports/repository.ts';
import type { ExecutorContext } from './context.ts';
import { pauseJob } from './pause.ts';
import { statusToResume } from './phase.ts';

/**
 * Applies the worker's quota: pauses the job while the window is closed (also when another job found that), and resumes
 * it when the window opens. One open transaction.
 */
export async function applyQuota(context: ExecutorContext, tx: Tx, job: Job, workerType: string): Promise<void> {
  const { clock, lease } = context;
  const quota = await tx.quotas.get(workerType);
  const closed = quota && quota.closedUntil > clock.now() ? quota : null;
  if (job.status === 'running' || job.status === 'post_processing') {
    if (!closed) return;
    const message = sentences(closed.reason, FAILURES.usage_limit.advice);
    await pauseJob(context, tx, 'usage_limit', message, closed.closedUntil);
    return;
  }
  if (job.status !== 'paused' || job.pauseReason !== 'usage_limit') return;
  if (closed) {
    if (closed.closedUntil !== job.resumeAt) {
      await tx.jobs.patch(job.jobId, { resumeAt: closed.closedUntil }, ['paused']);
    }
    return;
  }
  if (!(await tx.leases.holds(lease))) return;
  const patch = { pauseReason: null, pauseMode: null, statusMessage: null, resumeAt: null };
  if ((await tx.jobs.move(job.jobId, await statusToResume(tx, job), { from: ['paused'], patch })) === 'conflict')
    return;
  await tx.jobs.resetCircuitBreaker(job.jobId);
  await tx.events.add(job.jobId, { type: 'job:resumed', data: { by: 'the quota window opened' } });
}
