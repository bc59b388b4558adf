import type { FailureClass } from '../failure.ts';
import { counted } from '../sentences.ts';

/** Figures for the circuit breaker and the budget, read from rows or written together with them. */
export interface JobTally {
  /** Distinct units of stage main with at least one attempt. */
  readonly unitsTried: number;
  /** Cost of the most expensive ended attempt. */
  readonly maxAttemptCostUsd: number;
  /** Sum reserved by running attempts. */
  readonly reservedUsd: number;
  /** Epoch ms of the last start or resume: the base of the circuit breaker. */
  readonly breakerSince: number;
  readonly breakerBaseTried: number;
  readonly breakerBaseByClass: Readonly<Partial<Record<FailureClass, number>>>;
}

/** Safety margin over the most expensive attempt so far: agents vary. */
const MARGIN = 1.5;

/** Room that the budget leaves now. `capUsd` is the most one attempt may spend; null = no cap. */
export type BudgetRoom = { readonly starts: number; readonly reservationUsd: number; readonly capUsd: number | null };

/**
 * Computes how many attempts may start so that spent + reserved + new reservations ≤ budget. A reservation is the
 * unit's own cap, else 1.5 × the most expensive attempt so far, else (before anything has cost) an even share of the
 * rest for each slot. The `last` attempt of a job (post-processing) may use all that is left: the units' costs do not
 * predict its own, and nothing follows it.
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

/** What stops for want of budget: units are left, and one more attempt may cost `priceUsd`. */
export interface Shortage {
  readonly budgetUsd: number | null;
  readonly spentUsd: number;
  readonly priceUsd: number;
  readonly pending: number;
}

/** Words a stop for want of budget, for a person: the figures. */
export function shortageMessage({ budgetUsd, spentUsd, priceUsd, pending }: Shortage): string {
  const facts = [`${dollars(spentUsd)} spent`, `one may cost ${dollars(priceUsd)}`, `${counted(pending, 'unit')} left`];
  return `The budget of $${budgetUsd} does not cover another attempt: ${facts.join(', ')}.`;
}

function dollars(amount: number): string {
  return `$${amount.toFixed(4)}`;
}
