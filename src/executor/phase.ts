import type { AttemptPurpose } from '../domain/attempt.ts';
import { isOutputDue, type Job } from '../domain/job.ts';
import type { Stage } from '../domain/unit.ts';
import type { Tx } from '../ports/repository.ts';
import type { AbortReason } from '../ports/worker.ts';

/** Phase of an executor, derived from the job's status. */
export type Phase =
  | {
      readonly kind: 'work';
      readonly stage: Stage;
      readonly purpose: AttemptPurpose;
      /** Indexes of the units (a test); absent = all. */
      readonly indexes?: readonly number[];
    }
  /** Write the output of the ended job. */
  | { readonly kind: 'export' }
  /** Keep the lease and wait for the quota window to open. */
  | { readonly kind: 'hold' }
  /** Start nothing; running attempts may finish (null) or are stopped for this reason. Then release the lease. */
  | { readonly kind: 'leave'; readonly stop: AbortReason | null };

/** Returns the phase of a job; null = the job is gone. */
export function phaseOf(job: Job | null): Phase {
  switch (job?.status) {
    case 'testing':
      return job.test?.state === 'running'
        ? { kind: 'work', stage: 'main', purpose: 'test', indexes: job.test.units }
        : { kind: 'leave', stop: null };
    case 'running':
      return { kind: 'work', stage: 'main', purpose: 'batch' };
    case 'post_processing':
      return { kind: 'work', stage: 'post', purpose: 'post' };
    case 'paused':
      if (job.pauseReason === 'usage_limit') return { kind: 'hold' };
      return { kind: 'leave', stop: job.pauseMode === 'hard' ? 'interrupted' : null };
    // After a rejected test too: its attempts are stopped for good, so that none continues their session.
    case 'created':
    case 'cancelled':
    case undefined:
      return { kind: 'leave', stop: 'cancelled' };
    default:
      return job && isOutputDue(job) ? { kind: 'export' } : { kind: 'leave', stop: null };
  }
}

/**
 * Returns the status in which a paused job continues: the one before, unless units were put back meanwhile, which come
 * first.
 */
export async function statusToResume(tx: Tx, job: Job): Promise<'running' | 'post_processing'> {
  if (job.pausedFrom !== 'post_processing') return 'running';
  const { pending, running } = await tx.units.counts(job.jobId);
  return pending + running > 0 ? 'running' : 'post_processing';
}
