import type { AttemptPurpose } from '../attempt.ts';
import { isOutputDue, type Job } from '../job.ts';
import type { Scope } from '../unit.ts';

/** Phase of an executor, derived from the job's status. */
export type Phase =
  | Work
  /** Write the output of the ended job. */
  | { readonly kind: 'export' }
  /** Keep the lease and wait for the quota window to open. */
  | { readonly kind: 'hold' }
  /** Start nothing; running attempts may finish (null) or are stopped for this reason. Then release the lease. */
  | { readonly kind: 'leave'; readonly stop: 'cancelled' | 'interrupted' | null };

/** Phase in which units are claimed. */
export interface Work {
  readonly kind: 'work';
  readonly scope: Scope;
  readonly purpose: AttemptPurpose;
  /** Indexes of the units (a test); absent = all. */
  readonly indexes?: readonly number[];
}

/** Returns the phase of a job; null = the job is gone. */
export function phaseOf(job: Job | null): Phase {
  switch (job?.status) {
    case 'testing':
      return job.test?.state === 'running'
        ? { kind: 'work', scope: 'unit', purpose: 'test', indexes: job.test.units }
        : { kind: 'leave', stop: null };
    case 'running':
      return { kind: 'work', scope: job.jobStepsBegun ? 'job' : 'unit', purpose: 'batch' };
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
