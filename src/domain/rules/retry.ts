import type { Outcome } from '../attempt.ts';
import { failureRule } from '../failure.ts';
import type { Unit } from '../unit.ts';

/** Deferrals (service busy) after which a unit fails. */
export const MAX_DEFERRALS = 20;
/** Interruptions after which a unit fails; one before that it runs alone. */
export const MAX_INTERRUPTIONS = 3;
/** Executors that may be lost while they judge one attempt; the next one ends it as `crashed`. */
export const MAX_JUDGES = 3;
/** Executors that may be lost in a row without settling a unit; then the job pauses. */
export const MAX_EXECUTORS_LOST = 3;
const RETRY_BASE_MS = 2_000;
const RETRY_CAP_MS = 60_000;

/** Next status of a unit after an attempt, with its updated counters. */
export interface UnitDecision
  extends Pick<
    Unit,
    'step' | 'retriesUsed' | 'deferrals' | 'interruptions' | 'notBefore' | 'failureClass' | 'failureMessage'
  > {
  readonly status: 'completed' | 'failed' | 'pending' | 'cancelled';
}

/** Returns the back-off in ms: `min(60 s, 2 s · 2ⁿ)` with full jitter. `random` is in [0, 1). */
export function backoffMs(step: number, random: number): number {
  return Math.round(random * Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** step));
}

/** What a decision depends on beside the unit. */
export interface DecideOptions {
  /** Tries after the first. */
  readonly maxRetries: number;
  /** Number of the step that follows; null = the unit is at its last one. */
  readonly nextStep: number | null;
  /** Epoch ms. */
  readonly now: number;
  /** In [0, 1): the jitter of back-offs. */
  readonly random: number;
}

const FRESH = { retriesUsed: 0, deferrals: 0, interruptions: 0 } as const;

/**
 * Decides the unit's next status by the failure table; a success moves it to its next step. The caller overrides the
 * decision for a test, which is never retried.
 */
export function decide(
  unit: Pick<Unit, 'step' | 'retriesUsed' | 'deferrals' | 'interruptions'>,
  outcome: Outcome,
  options: DecideOptions,
): UnitDecision {
  const { step, retriesUsed, deferrals, interruptions } = unit;
  const same = { step, retriesUsed, deferrals, interruptions, notBefore: 0, failureClass: null, failureMessage: null };
  if (outcome.ok) {
    if (options.nextStep === null) return { ...same, status: 'completed' };
    // Retries, deferrals and interruptions count for each step.
    return { ...same, ...FRESH, status: 'pending', step: options.nextStep };
  }
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
