import type { Job } from '../job.ts';
import type { Limits } from '../limits.ts';
import type { Unit } from '../unit.ts';
import { budgetRoom, type JobTally } from './budget.ts';
import type { Work } from './phase.ts';
import { MAX_EXECUTORS_LOST, MAX_INTERRUPTIONS } from './retry.ts';
import { isTestGivenUp } from './test.ts';

/** What an executor knows when it wants to claim units. */
export interface AdmissionFacts {
  readonly job: Pick<Job, 'executorsLost' | 'test' | 'costUsd'>;
  readonly phase: Pick<Work, 'stage' | 'purpose'>;
  readonly limits: Pick<Limits, 'budget_usd'>;
  /** The worker's own cap on one attempt, US dollars; null = none. */
  readonly unitCapUsd: number | null;
  readonly tally: Pick<JobTally, 'maxAttemptCostUsd' | 'reservedUsd'>;
  /** Number of slots that may be in use. */
  readonly slots: number;
  /** Units whose attempts run now. */
  readonly running: readonly Pick<Unit, 'interruptions'>[];
  /** Orphaned attempts that have not ended yet. */
  readonly orphaned: number;
  /** Attempts that have ended and are not settled yet: what they reserved is still counted. */
  readonly unsettled: number;
}

/** Whether units may be claimed now. */
export type Admission =
  | { readonly kind: 'wait' }
  | {
      readonly kind: 'claim';
      /** Most units to claim. */
      readonly limit: number;
      readonly reservationUsd: number;
    }
  /** The executors of the job keep dying. */
  | { readonly kind: 'crashed' }
  /** The budget does not cover one more attempt, which may cost `priceUsd`. */
  | { readonly kind: 'out_of_budget'; readonly priceUsd: number };

/**
 * Decides how many units may start now, within slots and budget. A job whose executors keep dying starts nothing more;
 * orphaned attempts are settled first, as that may be progress.
 */
export function admission(facts: AdmissionFacts): Admission {
  const { job, phase, running, orphaned, unsettled } = facts;
  if (phase.purpose === 'test' ? isTestGivenUp(job.test) : job.executorsLost >= MAX_EXECUTORS_LOST) {
    return { kind: phase.purpose === 'test' || orphaned > 0 ? 'wait' : 'crashed' };
  }
  const slots = phase.stage === 'post' ? 1 : facts.slots;
  const free = slots - running.length;
  if (free < 1 || running.some(runsAlone)) return { kind: 'wait' };
  const { starts, reservationUsd } = budgetRoom({
    budgetUsd: facts.limits.budget_usd,
    unitCapUsd: facts.unitCapUsd,
    spentUsd: job.costUsd,
    slots,
    last: phase.stage === 'post',
    tally: facts.tally,
  });
  if (starts >= 1) return { kind: 'claim', limit: Math.min(free, starts), reservationUsd };
  if (running.length > 0 || unsettled > 0) return { kind: 'wait' };
  return { kind: 'out_of_budget', priceUsd: reservationUsd };
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
