import type { Outcome } from './attempt.ts';
import { type FailureClass, failureRule } from './failure.ts';
import type { Unit } from './unit.ts';

/** A unit that was put back this often because the service was busy is given up. */
export const MAX_DEFERRALS = 20;
/** A unit whose attempts were lost this often is given up; one before that it runs alone. */
export const MAX_INTERRUPTIONS = 3;
/** Executors that may be lost while they judge one attempt: the next one to find it ends it as `crashed`. */
export const MAX_JUDGES = 3;
/** Executors in a row that may be lost without one settled unit, before the job pauses. */
export const MAX_EXECUTORS_LOST = 3;
const RETRY_BASE_MS = 2_000;
const RETRY_CAP_MS = 60_000;

/** What becomes of a unit after an attempt, with the counters that changed. */
export interface UnitDecision {
  readonly status: 'completed' | 'failed' | 'pending' | 'cancelled';
  readonly retriesUsed: number;
  readonly deferrals: number;
  readonly interruptions: number;
  /** Epoch ms; 0 = at once. */
  readonly notBefore: number;
  readonly failureClass: FailureClass | null;
  readonly failureMessage: string | null;
}

/** `min(60 s, 2 s · 2ⁿ)` with full jitter: a random moment within it. `random` is in [0, 1). */
export function backoffMs(step: number, random: number): number {
  return Math.round(random * Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** step));
}

/**
 * Decides about the unit by the failure table. `maxRetries` counts tries after the first; in a test no retry follows, so
 * pass what the unit had before and the caller puts it where a test puts it.
 */
export function decide(
  unit: Pick<Unit, 'retriesUsed' | 'deferrals' | 'interruptions'>,
  outcome: Outcome,
  options: { readonly maxRetries: number; readonly now: number; readonly random: number },
): UnitDecision {
  const { retriesUsed, deferrals, interruptions } = unit;
  const same = { retriesUsed, deferrals, interruptions, notBefore: 0, failureClass: null, failureMessage: null };
  if (outcome.ok) return { ...same, status: 'completed' };
  const because = { ...same, failureClass: outcome.failureClass, failureMessage: outcome.message };
  const due = (step: number) => options.now + Math.max(1, outcome.retryAfterMs ?? 0, backoffMs(step, options.random));
  switch (failureRule(outcome.failureClass).unit) {
    case 'defer':
      return deferrals + 1 >= MAX_DEFERRALS
        ? { ...because, status: 'failed', deferrals: deferrals + 1 }
        : { ...because, status: 'pending', deferrals: deferrals + 1, notBefore: due(deferrals) };
    case 'put_back':
      return { ...because, status: 'pending' };
    case 'retry':
      return retriesUsed >= options.maxRetries
        ? { ...because, status: 'failed' }
        : { ...because, status: 'pending', retriesUsed: retriesUsed + 1, notBefore: due(retriesUsed) };
    case 'fail':
      return { ...because, status: 'failed' };
    case 'interrupt':
      return interruptions + 1 >= MAX_INTERRUPTIONS
        ? { ...because, status: 'failed', interruptions: interruptions + 1 }
        : { ...because, status: 'pending', interruptions: interruptions + 1 };
    case 'cancel':
      return { ...because, status: 'cancelled' };
  }
}
