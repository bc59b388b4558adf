import type { FailureClass } from '../failure.ts';
import { counted } from '../sentences.ts';
import type { Scope } from '../unit.ts';

/** What a job has spent and tried, read from rows or written together with them. */
export interface JobTally {
  /** Sum reserved by running attempts. */
  readonly reservedUsd: number;
  /** Epoch ms of the last start or resume: the base of the circuit breaker. */
  readonly breakerSince: number;
  /** The steps that have been tried. */
  readonly steps: readonly StepTally[];
}

/** What was tried and spent at one step, and the base of its circuit breaker. */
export interface StepTally {
  readonly scope: Scope;
  readonly step: number;
  /** Distinct units with at least one attempt at it. */
  readonly unitsTried: number;
  readonly costUsd: number;
  /** Cost of the most expensive ended attempt. */
  readonly maxAttemptCostUsd: number;
  readonly breakerBaseTried: number;
  readonly breakerBaseByClass: Readonly<Partial<Record<FailureClass, number>>>;
}

/** Returns what was tried and spent at a step; zeros when nothing was. */
export function tallyOf({ steps }: Pick<JobTally, 'steps'>, scope: Scope, step: number): StepTally {
  const none = { unitsTried: 0, costUsd: 0, maxAttemptCostUsd: 0, breakerBaseTried: 0, breakerBaseByClass: {} };
  return steps.find((each) => each.scope === scope && each.step === step) ?? { scope, step, ...none };
}

/** Safety margin over the most expensive attempt so far: agents vary. */
const MARGIN = 1.5;
/** A rounding error of a millionth of a cent must not stop the last affordable attempt. */
const ROUNDING_USD = 1e-8;

/** What attempts may start within a budget: each reserves its part of what is left, US dollars. */
export interface BudgetRoom {
  readonly leftUsd: number;
  /** Reservation of an attempt, by the number of its step. */
  readonly reservationsUsd: readonly number[];
}

/** What decides about the budget of a scope. */
export interface BudgetFacts {
  readonly budgetUsd: number;
  readonly spentUsd: number;
  readonly reservedUsd: number;
  readonly slots: number;
  /** The steps of the scope: the worker's own cap on one attempt (null = none, 0 = free), and the most expensive one so far. */
  readonly steps: readonly { readonly attemptCapUsd: number | null; readonly maxAttemptCostUsd: number }[];
  /** True = the last attempt of the job, which nothing follows: its last step may use all that is left. */
  readonly last: boolean;
}

/**
 * Computes what each attempt reserves, so that spent + reserved + new reservations ≤ budget: the worker's own cap, else
 * 1.5 × the most expensive attempt of the step so far, else (before anything has cost there) an even share of the rest for
 * each slot. The costs of units do not predict that of the last attempt, which may use all that is left.
 */
export function budgetRoom({ budgetUsd, spentUsd, reservedUsd, slots, steps, last }: BudgetFacts): BudgetRoom {
  const leftUsd = budgetUsd - spentUsd - reservedUsd;
  // Never 0, which would be free.
  const evenShare = Math.max(2 * ROUNDING_USD, (budgetUsd - spentUsd) / Math.max(1, slots));
  const reservationsUsd = steps.map(({ attemptCapUsd, maxAttemptCostUsd }, step) => {
    const all = last && step === steps.length - 1 ? leftUsd : 0;
    if (attemptCapUsd !== null) return attemptCapUsd;
    return maxAttemptCostUsd > 0 ? Math.max(MARGIN * maxAttemptCostUsd, all) : evenShare;
  });
  return { leftUsd, reservationsUsd };
}

/** Tells whether one more attempt at a step fits into the budget; one that costs nothing always does. */
export function isAffordable({ leftUsd, reservationsUsd }: BudgetRoom, step: number): boolean {
  const reservation = reservationsUsd[step] ?? 0;
  return reservation === 0 || reservation <= leftUsd + ROUNDING_USD;
}

/** Takes the reservation of an attempt at a step out of what is left. */
export function reserved(room: BudgetRoom, step: number): BudgetRoom {
  return { ...room, leftUsd: room.leftUsd - (room.reservationsUsd[step] ?? 0) };
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
