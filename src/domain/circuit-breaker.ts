import type { JobTally } from './budget.ts';
import { type FailureClass, failureRule } from './failure.ts';

/** Least number of units tried before a share of failures counts. */
const MIN_TRIED = 10;
const SHARE = 0.5;

/** Input of the circuit breaker; everything counts since the job was last started or resumed. */
export interface FailureFacts {
  /** Failure class of each unit's latest attempt (null = success), newest first, one entry per unit. */
  readonly latest: readonly (FailureClass | null)[];
  readonly tally: Pick<JobTally, 'unitsTried' | 'breakerBaseTried' | 'breakerBaseByClass'>;
  /** Units by the failure class of their latest attempt, now. */
  readonly byClass: Readonly<Partial<Record<FailureClass, number>>>;
  /** Pending units without any attempt. */
  readonly neverTried: number;
  /** limits.failure_threshold: 0 = off. */
  readonly threshold: number;
}

/**
 * Decides whether the circuit breaker trips: the last `threshold` units all ended in one class, or at least half of ten
 * or more units tried did. It trips only while at least `threshold` units were never tried: with fewer left there is
 * little to save, and the job runs to its end. Null = it does not trip.
 */
export function tripReason(
  facts: FailureFacts,
): { readonly failureClass: FailureClass; readonly reason: string } | null {
  const { latest, tally, byClass, neverTried, threshold } = facts;
  if (threshold === 0 || neverTried < threshold) return null;
  const newest = latest[0];
  if (newest && counts(newest) && latest.length >= threshold) {
    if (latest.slice(0, threshold).every((failureClass) => failureClass === newest)) {
      return { failureClass: newest, reason: `the last ${threshold} units all ended in ${newest}` };
    }
  }
  const tried = tally.unitsTried - tally.breakerBaseTried;
  if (tried < MIN_TRIED) return null;
  for (const [name, count] of Object.entries(byClass)) {
    const failureClass = name as FailureClass;
    const failing = count - (tally.breakerBaseByClass[failureClass] ?? 0);
    if (counts(failureClass) && failing >= tried * SHARE) {
      return { failureClass, reason: `${failing} of ${tried} units tried ended in ${failureClass}` };
    }
  }
  return null;
}

function counts(failureClass: FailureClass): boolean {
  return failureRule(failureClass).job === 'circuit_breaker';
}
