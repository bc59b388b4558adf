import type { Job } from '../job.ts';
import type { Unit } from '../unit.ts';
import type { Work } from './phase.ts';
import { MAX_EXECUTORS_LOST, MAX_INTERRUPTIONS } from './retry.ts';
import { isTestGivenUp } from './test.ts';

/** What an executor knows when it wants to claim units. */
export interface AdmissionFacts {
  readonly job: Pick<Job, 'executorsLost' | 'test'>;
  readonly phase: Pick<Work, 'scope' | 'purpose'>;
  /** Number of slots that may be in use. */
  readonly slots: number;
  /** Units whose attempts run now. */
  readonly running: readonly Pick<Unit, 'interruptions'>[];
  /** Orphaned attempts that have not ended yet. */
  readonly orphaned: number;
}

/** Whether units may be claimed now. */
export type Admission =
  | { readonly kind: 'wait' }
  | {
      readonly kind: 'claim';
      /** Most units to claim. */
      readonly limit: number;
    }
  /** The executors of the job keep dying. */
  | { readonly kind: 'crashed' };

/**
 * Decides how many units may start now. A job whose executors keep dying starts nothing more;
 * orphaned attempts are settled first, as that may be progress.
 */
export function admission(facts: AdmissionFacts): Admission {
  const { job, phase, running, orphaned } = facts;
  if (phase.purpose === 'test' ? isTestGivenUp(job.test) : job.executorsLost >= MAX_EXECUTORS_LOST) {
    return { kind: phase.purpose === 'test' || orphaned > 0 ? 'wait' : 'crashed' };
  }
  const free = (phase.scope === 'job' ? 1 : facts.slots) - running.length;
  return free < 1 || running.some(runsAlone) ? { kind: 'wait' } : { kind: 'claim', limit: free };
}

/** Tells whether a unit was interrupted so often that it runs alone: if it ends its executor, no other unit is blamed. */
export function runsAlone({ interruptions }: Pick<Unit, 'interruptions'>): boolean {
  return interruptions >= MAX_INTERRUPTIONS - 1;
}

/** Returns the counts of a job that lost one more executor; its running test counts its own. */
export function withExecutorLost({ executorsLost, test }: Pick<Job, 'executorsLost' | 'test'>) {
  const ofTest = test?.state === 'running' ? { ...test, executorsLost: test.executorsLost + 1 } : test;
  return { executorsLost: executorsLost + 1, test: ofTest };
}
