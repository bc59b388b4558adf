import type { Attempt } from '../attempt.ts';
import { type FailureClass, failureRule } from '../failure.ts';
import { sentences } from '../sentences.ts';
import type { UnitStatus } from '../unit.ts';
import type { StepTally } from './budget.ts';
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

/** Number of units at one step, in one status, by the failure class of their latest attempt there (null = none). */
export interface UnitsAtStep {
  readonly step: number;
  readonly status: UnitStatus;
  readonly failureClass: FailureClass | null;
  readonly count: number;
}

/** Input of the circuit breaker at one step; everything counts since the job was last started or resumed. */
export interface BreakerFacts {
  /** Ended attempts, newest first, at least `attemptsToRead` where there are so many. */
  readonly recent: readonly Pick<Attempt, 'scope' | 'step' | 'index' | 'purpose' | 'failureClass'>[];
  /** Step at which an attempt failed. */
  readonly step: number;
  readonly tally: Pick<StepTally, 'unitsTried' | 'breakerBaseTried' | 'breakerBaseByClass'>;
  /** Units now, by step, status and failure class of their latest attempt. */
  readonly counts: readonly UnitsAtStep[];
  /** limits.failure_threshold: 0 = off. */
  readonly threshold: number;
}

/**
 * Decides whether the circuit breaker trips: the last `threshold` units all ended in one class at this step, or at least half
 * of ten or more units tried at it did. It trips only while at least `threshold` units were never tried at it: with fewer left there is
 * little to save, and the job runs to its end. Null = it does not trip.
 */
export function breakerPause(facts: BreakerFacts): Pause | null {
  const { threshold } = facts;
  if (threshold === 0 || neverTried(facts) < threshold) return null;
  const trip = lastInOneClass(latestByUnit(facts), threshold) ?? shareInOneClass(facts);
  if (!trip) return null;
  const { failureClass, reason } = trip;
  return { reason: 'failures', message: sentences(`Paused because ${reason}`), failureClass };
}

/** Pending units that have not come to an end at the step: at it without any attempt, or before it. */
function neverTried({ step: at, counts: units }: BreakerFacts): number {
  return units
    .filter(({ status, step, failureClass }) => status === 'pending' && (step < at || (step === at && !failureClass)))
    .reduce((sum, { count }) => sum + count, 0);
}

interface Trip {
  readonly failureClass: FailureClass;
  readonly reason: string;
}

/**
 * Returns the latest failure class (null = success) of the last distinct units by index, newest first; endings that the
 * circuit breaker ignores are left out.
 */
function latestByUnit({ recent, step: at, threshold }: BreakerFacts): readonly (FailureClass | null)[] {
  const seen = new Map<number, FailureClass | null>();
  for (const { scope, step, purpose, index, failureClass } of recent) {
    if (scope !== 'unit' || step !== at || purpose !== 'batch' || seen.has(index)) continue;
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

function shareInOneClass({ tally, step, counts: units }: BreakerFacts): Trip | null {
  const tried = tally.unitsTried - tally.breakerBaseTried;
  if (tried < MIN_TRIED) return null;
  const byClass = new Map<FailureClass, number>();
  for (const { failureClass, count } of units.filter((each) => each.step === step)) {
    if (failureClass) byClass.set(failureClass, (byClass.get(failureClass) ?? 0) + count);
  }
  for (const [failureClass, count] of byClass) {
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
