import type { JobTally } from './budget.ts';
import { type FailureClass, failureRule } from './failure.ts';

/** Units tried before a share of failures says anything. */
const MIN_TRIED = 10;
const SHARE = 0.5;

/** What the rule looks at, all of it since the job was last started or resumed. */
export interface FailureFacts {
  /** Units with the class their latest attempt ended in (null = success), newest first, each unit once. */
  readonly latest: readonly (FailureClass | null)[];
  readonly tally: Pick<JobTally, 'unitsTried' | 'ruleBaseTried' | 'ruleBaseByClass'>;
  /** Units whose latest attempt ended in each class, now. */
  readonly byClass: Readonly<Partial<Record<FailureClass, number>>>;
  /** Units that never had an attempt and still wait. */
  readonly neverTried: number;
  /** limits.failure_threshold: 0 = off. */
  readonly threshold: number;
}

/**
 * Whether so many distinct units fail alike that the rest would only burn money: the last `threshold` units to end an
 * attempt all ended in one class, or half of at least ten units tried did. Only while at least `threshold` units were
 * never tried: otherwise there is nothing left to save, and the job runs to its end.
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
  const tried = tally.unitsTried - tally.ruleBaseTried;
  if (tried < MIN_TRIED) return null;
  for (const [name, count] of Object.entries(byClass)) {
    const failureClass = name as FailureClass;
    const failing = count - (tally.ruleBaseByClass[failureClass] ?? 0);
    if (counts(failureClass) && failing >= tried * SHARE) {
      return { failureClass, reason: `${failing} of ${tried} units tried ended in ${failureClass}` };
    }
  }
  return null;
}

function counts(failureClass: FailureClass): boolean {
  return failureRule(failureClass).job === 'circuit_breaker';
}
