import type { Attempt } from '../attempt.ts';
import { type FailureClass, failureRule } from '../failure.ts';
import { sentences } from '../sentences.ts';
import type { JobTally } from './budget.ts';
import type { Pause } from './pause.ts';

/** Least number of units tried before a share of failures counts. */
const MIN_TRIED = 10;
const SHARE = 0.5;

/** Attempts read per unit of the threshold: retries of the same unit, and endings that do not count. */
const ATTEMPTS_PER_UNIT = 8;

/** Returns how many of the latest attempts the circuit breaker wants to see. */
export function attemptsToRead(threshold: number): number {
  return threshold * ATTEMPTS_PER_UNIT;
}

/** Input of the circuit breaker; everything counts since the job was last started or resumed. */
export interface BreakerFacts {
  /** Ended attempts, newest first, at least `attemptsToRead` where there are so many. */
  readonly recent: readonly Pick<Attempt, 'stage' | 'index' | 'purpose' | 'failureClass'>[];
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
export function breakerPause(facts: BreakerFacts): Pause | null {
  const { threshold, neverTried } = facts;
  if (threshold === 0 || neverTried < threshold) return null;
  const trip = lastInOneClass(latestByUnit(facts), threshold) ?? shareInOneClass(facts);
  if (!trip) return null;
  const { failureClass, reason } = trip;
  return { reason: 'failures', message: sentences(`Paused because ${reason}`), failureClass };
}

interface Trip {
  readonly failureClass: FailureClass;
  readonly reason: string;
}

/**
 * Returns the latest failure class (null = success) of the last distinct units by index, newest first; endings that the
 * circuit breaker ignores are left out.
 */
function latestByUnit({ recent, threshold }: BreakerFacts): readonly (FailureClass | null)[] {
  const seen = new Map<number, FailureClass | null>();
  for (const { stage, purpose, index, failureClass } of recent) {
    if (stage !== 'main' || purpose !== 'batch' || seen.has(index)) continue;
    if (failureClass && !counts(failureClass)) continue;
    seen.set(index, failureClass);
    if (seen.size === threshold) break;
  }
  return [...seen.values()];
}

function lastInOneClass(latest: readonly (FailureClass | null)[], threshold: number): Trip | null {
  const [newest] = latest;
  if (!newest || latest.length < threshold || latest.some((failureClass) => failureClass !== newest)) return null;
  return { failureClass: newest, reason: `the last ${threshold} units all ended in ${newest}` };
}

function shareInOneClass({ tally, byClass }: BreakerFacts): Trip | null {
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
