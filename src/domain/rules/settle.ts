import { type Attempt, type AttemptStatus, attemptStatusOf, type Outcome } from '../attempt.ts';
import { failureRule, type JobEffect } from '../failure.ts';
import type { PauseReason } from '../job.ts';
import { sentences } from '../sentences.ts';
import type { Unit } from '../unit.ts';
import { backedOff, type ConcurrencyLimit } from './concurrency-limit.ts';
import type { Pause } from './pause.ts';
import { closedUntil } from './quota.ts';
import { type DecideOptions, decide, type UnitDecision } from './retry.ts';

/** Time without a success, while the service refuses, after which the job pauses. */
export const MAX_REFUSAL_MS = 30 * 60_000;

/** How an attempt is settled: its row, and the next status of its unit. */
export interface Settlement {
  readonly attemptStatus: Exclude<AttemptStatus, 'running'>;
  readonly outcome: Outcome;
  readonly decision: UnitDecision;
}

/** An ended attempt, with what decides about its unit. */
export interface Ended {
  readonly unit: Pick<Unit, 'step' | 'retriesUsed' | 'deferrals' | 'interruptions' | 'failureClass' | 'failureMessage'>;
  readonly attempt: Pick<Attempt, 'purpose'>;
  /** True = this executor cut it off on purpose: a hard pause, or its own stop. */
  readonly wasStopped: boolean;
  readonly outcome: Outcome;
}

/** Decides how an attempt is settled. */
export function settlementOf({ unit, attempt, wasStopped, outcome }: Ended, options: DecideOptions): Settlement {
  const decision = decide(unit, outcome, options);
  if (outcome.ok) return { attemptStatus: 'succeeded', outcome, decision };
  const { failureClass, message } = outcome;
  const attemptStatus = attemptStatusOf(failureClass);
  const { step, retriesUsed, deferrals, interruptions } = unit;
  const unchanged = { step, retriesUsed, deferrals, interruptions, notBefore: 0 };
  // Cut off on purpose: not counted against the unit.
  if (failureClass === 'interrupted' && wasStopped) {
    const before = { failureClass: unit.failureClass, failureMessage: unit.failureMessage };
    return { attemptStatus, outcome, decision: { ...unchanged, ...before, status: 'pending' } };
  }
  // A test makes one attempt: any failure is shown to the person, who decides.
  if (attempt.purpose === 'test' && failureClass !== 'interrupted' && failureClass !== 'cancelled') {
    const because = { failureClass, failureMessage: message };
    return { attemptStatus, outcome, decision: { ...unchanged, ...because, status: 'failed' } };
  }
  return { attemptStatus, outcome, decision };
}

/** Health of the service, kept between attempts. */
export interface ServiceHealth {
  readonly limit: ConcurrencyLimit;
  /** Monotonic ms since which the service refuses without a success in between; null = it does not. */
  readonly refusedSinceMs: number | null;
}

/** Effect of a failed attempt on its job. */
export interface JobDecision {
  /** Health of the service from now on. */
  readonly health: ServiceHealth;
  /** Pause to make; a test never pauses its job, as there is no move from testing to paused. */
  readonly pause?: Pause;
  /** Usage window to close for all jobs with this type of worker, until a time (epoch ms). */
  readonly close?: { readonly type: string; readonly closedUntil: number; readonly reason: string };
  /** True = the circuit breaker looks at the latest attempts. */
  readonly breaker?: true;
}

/** A failed attempt, with what decides about its job. Monotonic times in ms. */
export interface Failed {
  readonly attempt: Pick<Attempt, 'scope'>;
  readonly outcome: Extract<Outcome, { ok: false }>;
  readonly startedMs: number;
  /** Type of the worker that made it. */
  readonly workerType: string;
  /** Types of the workers of the current revision, which may be others. */
  readonly currentTypes: readonly string[];
}

/** Reasons of the pauses that an effect causes at once. */
const PAUSES: Partial<Readonly<Record<JobEffect, PauseReason>>> = {
  pause_auth: 'auth',
  pause_unavailable: 'worker_unavailable',
  pause_approval: 'approval',
};

/** Decides what a failed attempt does to its job. `now` in epoch ms, `nowMs` monotonic. */
export function effectOf(
  { attempt, outcome, startedMs, workerType, currentTypes }: Failed,
  health: ServiceHealth,
  { now, nowMs }: { readonly now: number; readonly nowMs: number },
): JobDecision {
  const { failureClass, message } = outcome;
  const { job: effect } = failureRule(failureClass);
  const reason = PAUSES[effect];
  if (reason) return { health, pause: { reason, message: sentences(message), failureClass } };
  if (effect === 'circuit_breaker' && attempt.scope === 'unit') return { health, breaker: true };
  if (effect === 'back_off') {
    const since = health.refusedSinceMs ?? nowMs;
    const next = { limit: backedOff(health.limit, nowMs, startedMs), refusedSinceMs: since };
    return nowMs - since < MAX_REFUSAL_MS ? { health: next } : { health: next, pause: refusedTooLong(message) };
  }
  if (effect !== 'close_quota') return { health };
  const until = closedUntil(outcome.resumeAt, now);
  const close = { type: workerType, closedUntil: until, reason: message };
  // An attempt of an earlier revision may have used another worker, whose quota does not concern this one.
  if (!currentTypes.includes(workerType)) return { health, close };
  const pause = { reason: 'usage_limit', message: sentences(message), failureClass, resumeAt: until } as const;
  return { health, close, pause };
}

function refusedTooLong(message: string): Pause {
  const minutes = MAX_REFUSAL_MS / 60_000;
  return { reason: 'worker_unavailable', message: sentences(`Nothing succeeded for ${minutes} minutes: ${message}`) };
}
