import { type Pause, pausedFields } from '../domain/rules/pause.ts';
import type { Tx } from '../ports/repository.ts';
import type { ExecutorContext } from './context.ts';

/** Pauses the job if it is at work and the lease is held; the first reason stays. One open transaction. */
export async function pauseJob({ lease }: Pick<ExecutorContext, 'lease'>, tx: Tx, pause: Pause): Promise<void> {
  if (!(await tx.leases.holds(lease))) return;
  if ((await tx.jobs.move(lease.jobId, 'paused', { patch: pausedFields(pause) })) === 'conflict') return;
  const { reason, message, resumeAt } = pause;
  await tx.events.add(lease.jobId, {
    type: 'job:paused',
    data: { reason, message, ...(resumeAt === undefined ? {} : { resume_at: resumeAt }) },
  });
}
