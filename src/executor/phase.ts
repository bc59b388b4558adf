import type { AttemptPurpose } from '../domain/attempt.ts';
import { isOutputDue, type Job } from '../domain/job.ts';
import type { Stage } from '../domain/unit.ts';
import type { Repository } from '../ports/repository.ts';
import type { AbortReason } from '../ports/worker.ts';

/** What a job's status asks of its executor now. */
export type Phase =
  | {
      readonly kind: 'work';
      readonly stage: Stage;
      readonly purpose: AttemptPurpose;
      /** Only these units: a test. */
      readonly indexes?: readonly number[];
    }
  /** The job has ended: write its results where they belong. */
  | { readonly kind: 'export' }
  /** Keep the lease and wait for the quota window to open. */
  | { readonly kind: 'hold' }
  /** Start nothing; what runs may finish (null), or is stopped for this reason. Then let go of the lease. */
  | { readonly kind: 'leave'; readonly stop: AbortReason | null };

/** Reads the phase off a job; null = the job is gone. */
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
    case 'created':
      // A rejected test: its attempts are stopped for good, so that no later one continues their session.
      return { kind: 'leave', stop: 'cancelled' };
    case 'cancelled':
    case undefined:
      return { kind: 'leave', stop: 'cancelled' };
    default:
      return job && isOutputDue(job) ? { kind: 'export' } : { kind: 'leave', stop: null };
  }
}

/** Where a paused job goes on: where it was, unless units were put back meanwhile, whose results come first. */
export function statusToResume(repository: Repository, job: Job): 'running' | 'post_processing' {
  if (job.pausedFrom !== 'post_processing') return 'running';
  const { pending, running } = repository.units.counts(job.jobId);
  return pending + running > 0 ? 'running' : 'post_processing';
}
