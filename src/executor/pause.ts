import type { PauseReason } from '../domain/job.ts';
import type { Tx } from '../ports/repository.ts';
import type { ExecutorContext } from './context.ts';

/** Pauses the job if it is at work and the lease is held; the first reason stays. `message` is for a person. */
export async function pauseJob(
  { lease }: Pick<ExecutorContext, 'lease'>,
  tx: Tx,
  reason: PauseReason,
  message: string,
  resumeAt: number | null = null,
): Promise<void> {
  if (!(await tx.leases.holds(lease))) return;
  const patch = { pauseReason: reason, statusMessage: message, resumeAt, pauseMode: 'soft' } as const;
  if ((await tx.jobs.move(lease.jobId, 'paused', { patch })) === 'conflict') return;
  await tx.events.add(lease.jobId, {
    type: 'job:paused',
    data: { reason, message, ...(resumeAt === null ? {} : { resume_at: resumeAt }) },
  });
}
