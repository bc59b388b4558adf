import type { PauseReason } from '../domain/job.ts';
import type { Tx } from '../ports/repository.ts';
import type { ExecutorContext } from './context.ts';

/** Pauses the job if it is at work and the lease is held; the first reason stays. `message` is for a person. */
export function pauseJob(
  { repository, lease }: ExecutorContext,
  tx: Tx,
  reason: PauseReason,
  message: string,
  resumeAt: number | null = null,
): void {
  if (!repository.leases.holds(tx, lease)) return;
  const patch = { pauseReason: reason, statusMessage: message, resumeAt, pauseMode: 'soft' } as const;
  if (repository.jobs.move(tx, lease.jobId, 'paused', { patch }) === 'conflict') return;
  repository.events.add(tx, lease.jobId, {
    type: 'job:paused',
    data: { reason, message, ...(resumeAt === null ? {} : { resume_at: resumeAt }) },
  });
}
