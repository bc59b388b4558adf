import type { Job } from '../domain/job.ts';
import { NOT_PAUSED } from '../domain/rules/pause.ts';
import { quotaAction } from '../domain/rules/quota.ts';
import type { Quota, Tx } from '../ports/repository.ts';
import type { ExecutorContext } from './context.ts';
import { pauseJob } from './pause.ts';

/** Applies the quotas of its workers to a job: pauses or resumes it, or corrects the time. One open transaction. */
export async function applyQuota(
  context: ExecutorContext,
  tx: Tx,
  job: Job,
  workerTypes: readonly string[],
): Promise<void> {
  const { jobId } = job;
  const quotas = await Promise.all(workerTypes.map((type) => tx.quotas.get(type)));
  const action = quotaAction(job, lastToOpen(quotas), context.clock.now());
  if (action.kind === 'pause') await pauseJob(context, tx, action.pause);
  if (action.kind === 'wait') await tx.jobs.patch(jobId, { resumeAt: action.resumeAt }, ['paused']);
  if (action.kind !== 'resume' || !(await tx.leases.holds(context.lease))) return;
  if ((await tx.jobs.move(jobId, 'running', { from: ['paused'], patch: NOT_PAUSED })) === 'conflict') return;
  await tx.jobs.resetCircuitBreaker(jobId);
  await tx.events.add(jobId, { type: 'job:resumed', data: { by: 'the quota window opened' } });
}

function lastToOpen(quotas: readonly (Quota | null)[]): Quota | null {
  return quotas.reduce((last, quota) => ((quota?.closedUntil ?? 0) > (last?.closedUntil ?? 0) ? quota : last), null);
}
