import type { FailureClass } from './failure.ts';

/** Facts for the circuit breaker and the budget, each from rows or moved together with them. */
export interface JobTally {
  /** Distinct units of stage main that had an attempt. */
  readonly unitsTried: number;
  /** The most expensive attempt that ended. */
  readonly maxAttemptCostUsd: number;
  /** Reserved by attempts that run now. */
  readonly reservedUsd: number;
  /** Since the job was last started or resumed: the base of the circuit breaker. */
  readonly ruleSince: number;
  readonly ruleBaseTried: number;
  readonly ruleBaseByClass: Readonly<Partial<Record<FailureClass, number>>>;
}

/** A safety margin over the most expensive attempt so far: agents vary. */
const MARGIN = 1.5;

/** What the budget allows now. `capUsd` is what one attempt may spend, null = no cap. */
export type BudgetRoom = { readonly starts: number; readonly reservationUsd: number; readonly capUsd: number | null };

/**
 * How many attempts may start, by: spent + reserved + own reservation ≤ budget. The reservation is the unit's own cap,
 * else 1.5 × the most expensive attempt so far; before anything has cost, an even share of what is left for each slot. The `last`
 * attempt of a job (post-processing) may use all that is left: units say nothing about it, and nothing comes after it.
 */
export function budgetRoom(facts: {
  readonly budgetUsd: number | null;
  readonly unitCapUsd: number | null;
  readonly spentUsd: number;
  readonly slots: number;
  readonly last?: boolean;
  readonly tally: Pick<JobTally, 'maxAttemptCostUsd' | 'reservedUsd'>;
}): BudgetRoom {
  const { budgetUsd, unitCapUsd, spentUsd, slots, last = false, tally } = facts;
  if (budgetUsd === null) return { starts: Number.POSITIVE_INFINITY, reservationUsd: 0, capUsd: unitCapUsd };
  const left = budgetUsd - spentUsd - tally.reservedUsd;
  const evenShare = Math.max(0, budgetUsd - spentUsd) / Math.max(1, slots);
  const byMaxCost = Math.max(MARGIN * tally.maxAttemptCostUsd, last ? left : 0);
  const reservationUsd = unitCapUsd ?? (tally.maxAttemptCostUsd > 0 ? byMaxCost : evenShare);
  // A rounding error of a millionth of a cent must not stop the last affordable attempt.
  const starts = reservationUsd > 0 ? Math.max(0, Math.floor((left + 1e-8) / reservationUsd)) : 0;
  return { starts, reservationUsd, capUsd: reservationUsd };
}
