import { describe, expect, test } from 'vitest';
import type { AttemptPurpose, Outcome } from '../../../src/domain/attempt.ts';
import { FAILURE_CLASSES, FAILURES, type FailureClass } from '../../../src/domain/failure.ts';
import type { PauseReason } from '../../../src/domain/job.ts';
import {
  effectOf,
  type Failed,
  MAX_REFUSAL_MS,
  type ServiceHealth,
  settlementOf,
} from '../../../src/domain/rules/settle.ts';
import type { UnitStatus } from '../../../src/domain/unit.ts';

const NOW = 1_000_000;
const OPTIONS = { maxRetries: 2, nextStep: null, now: NOW, random: 0.5 };
const UNIT = {
  step: 0,
  retriesUsed: 1,
  deferrals: 2,
  interruptions: 0,
  failureClass: 'timeout',
  failureMessage: 'before',
} as const;

function failed(failureClass: FailureClass, parts: object = {}): Extract<Outcome, { ok: false }> {
  return { ok: false, failureClass, message: 'it broke', usage: {}, ...parts };
}

function settled(outcome: Outcome, purpose: AttemptPurpose = 'batch', wasStopped = false) {
  return settlementOf({ unit: UNIT, attempt: { purpose }, wasStopped, outcome }, OPTIONS);
}

describe('the settlement of an attempt', () => {
  test('a success completes the unit', () => {
    const outcome: Outcome = { ok: true, result: { text: 'x' }, usage: {} };
    expect(settled(outcome)).toMatchObject({ attemptStatus: 'succeeded', outcome, decision: { status: 'completed' } });
  });

  test.each<[FailureClass, AttemptPurpose, boolean, string, UnitStatus]>([
    ['timeout', 'batch', false, 'timed_out', 'pending'],
    ['crashed', 'batch', false, 'failed', 'pending'],
    ['bad_input', 'batch', false, 'failed', 'failed'],
    ['cancelled', 'batch', false, 'cancelled', 'cancelled'],
    ['interrupted', 'batch', false, 'interrupted', 'pending'],
    // A test makes one attempt, unless it was cut off.
    ['timeout', 'test', false, 'timed_out', 'failed'],
    ['rate_limited', 'test', false, 'failed', 'failed'],
    ['usage_limit', 'test', false, 'failed', 'failed'],
    ['interrupted', 'test', false, 'interrupted', 'pending'],
    ['interrupted', 'test', true, 'interrupted', 'pending'],
    ['cancelled', 'test', false, 'cancelled', 'cancelled'],
  ])(
    '%s of a %s (stopped on purpose: %s) makes the attempt %s and the unit %s',
    (name, purpose, stopped, attempt, unit) => {
      const { attemptStatus, decision } = settled(failed(name), purpose, stopped);
      expect([attemptStatus, decision.status]).toEqual([attempt, unit]);
    },
  );

  test('an attempt that was cut off on purpose does not count against its unit', () => {
    expect(settled(failed('interrupted'), 'batch', true).decision).toEqual({
      ...UNIT,
      notBefore: 0,
      status: 'pending',
    });
    expect(settled(failed('interrupted')).decision).toMatchObject({ interruptions: 1, failureClass: 'interrupted' });
  });

  test('another failure of an attempt that was being stopped counts as any', () => {
    expect(settled(failed('crashed'), 'batch', true).decision).toMatchObject({
      retriesUsed: 2,
      failureClass: 'crashed',
    });
  });

  test('a failed test uses no retry and keeps the message', () => {
    const counted = { step: 0, retriesUsed: 1, deferrals: 2, interruptions: 0 };
    expect(settled(failed('crashed'), 'test').decision).toEqual({
      ...counted,
      ...{ notBefore: 0, status: 'failed', failureClass: 'crashed', failureMessage: 'it broke' },
    });
  });
});

const HEALTHY: ServiceHealth = { limit: { max: 8, reduced: null }, refusedSinceMs: null };
const TIMES = { now: NOW, nowMs: 500 };

function effect(outcome: Failed['outcome'], parts: Partial<Failed> = {}, health = HEALTHY, times = TIMES) {
  const failure = {
    attempt: { scope: 'unit' as const },
    startedMs: 400,
    workerType: 'claude',
    currentTypes: ['other', 'claude'],
  };
  return effectOf({ ...failure, outcome, ...parts }, health, times);
}

describe('the effect of a failed attempt on its job', () => {
  test.each<[FailureClass, PauseReason | null]>(
    FAILURE_CLASSES.map((name) => [
      name,
      (
        {
          none: null,
          circuit_breaker: null,
          back_off: null,
          close_quota: 'usage_limit',
          pause_auth: 'auth',
          pause_unavailable: 'worker_unavailable',
          pause_approval: 'approval',
        } as const
      )[FAILURES[name].job],
    ]),
  )('%s pauses for %s, with its message and class', (name, reason) => {
    const { pause } = effect(failed(name));
    expect(pause?.reason ?? null).toBe(reason);
    if (pause) expect(pause).toMatchObject({ message: 'it broke.', failureClass: name });
  });

  test.each(FAILURE_CLASSES)(
    '%s concerns the circuit breaker only by the table, and only in the main scope',
    (name) => {
      const counts = FAILURES[name].job === 'circuit_breaker';
      expect(effect(failed(name)).breaker ?? false).toBe(counts);
      expect(effect(failed(name), { attempt: { scope: 'job' } }).breaker).toBeUndefined();
    },
  );

  test.each(['rate_limited', 'overloaded'] as const)('%s halves the slots and starts the clock of refusals', (name) => {
    expect(effect(failed(name))).toEqual({
      health: { limit: { max: 8, reduced: { size: 4, atMs: 500 } }, refusedSinceMs: 500 },
    });
  });

  test('a service that refuses for half an hour without a success pauses the job', () => {
    const refused = { ...HEALTHY, refusedSinceMs: 0 };
    const at = (nowMs: number) => effect(failed('overloaded'), {}, refused, { now: NOW, nowMs });
    expect(at(MAX_REFUSAL_MS - 1).pause).toBeUndefined();
    expect(at(MAX_REFUSAL_MS)).toMatchObject({
      health: { refusedSinceMs: 0 },
      pause: {
        reason: 'worker_unavailable',
        message: 'Nothing succeeded for 30 minutes: it broke.',
      },
    });
  });

  test('a usage limit closes the window of the worker that met it, and pauses a job that uses the same', () => {
    const resumeAt = NOW + 3_600_000;
    const close = { type: 'claude', closedUntil: resumeAt, reason: 'it broke' };
    const met = effect(failed('usage_limit', { resumeAt }));
    expect(met).toMatchObject({ health: HEALTHY, close, pause: { reason: 'usage_limit', resumeAt } });
    expect(effect(failed('usage_limit', { resumeAt }), { currentTypes: ['command'] })).toEqual({
      health: HEALTHY,
      close,
    });
  });
});
