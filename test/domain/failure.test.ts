import { describe, expect, test } from 'vitest';
import { advised } from '../../src/domain/advice.ts';
import type { Outcome } from '../../src/domain/attempt.ts';
import {
  adviceIn,
  FAILURE_CLASSES,
  FAILURES,
  type FailureClass,
  type FailureRule,
  failureRule,
  type JobEffect,
  type UnitEffect,
} from '../../src/domain/failure.ts';
import { hintText } from '../../src/domain/hint.ts';
import type { JobStatus } from '../../src/domain/job.ts';
import { backoffMs, decide, MAX_DEFERRALS, MAX_INTERRUPTIONS } from '../../src/domain/rules/retry.ts';

/** Classes in which no program can end. */
const ONLY_AGENTS: ReadonlySet<FailureClass> = new Set(['max_turns', 'prompt_too_long']);

const NOW = 1_000_000;
const fresh = { step: 0, retriesUsed: 0, deferrals: 0, interruptions: 0 };

/**
 * The failure table of the design: effect on the unit, effect on the job, and whether the next attempt gets the reason.
 */
const TABLE: readonly (readonly [FailureClass, UnitEffect, JobEffect, 'told' | ''])[] = [
  ['rate_limited', 'defer', 'back_off', ''],
  ['overloaded', 'defer', 'back_off', ''],
  ['usage_limit', 'put_back', 'close_quota', ''],
  ['auth', 'put_back', 'pause_auth', ''],
  ['billing', 'put_back', 'pause_auth', ''],
  ['model_not_found', 'put_back', 'pause_auth', ''],
  ['worker_unavailable', 'put_back', 'pause_unavailable', ''],
  ['approval', 'put_back', 'pause_approval', ''],
  ['timeout', 'retry', 'circuit_breaker', ''],
  ['crashed', 'retry', 'circuit_breaker', ''],
  ['server_error', 'retry', 'circuit_breaker', ''],
  ['max_turns', 'retry', 'circuit_breaker', 'told'],
  ['invalid_output', 'retry', 'circuit_breaker', 'told'],
  ['incomplete', 'retry', 'circuit_breaker', 'told'],
  ['agent_error', 'retry', 'circuit_breaker', 'told'],
  ['unit_budget', 'fail', 'circuit_breaker', ''],
  ['permission_denied', 'fail', 'circuit_breaker', ''],
  ['prompt_too_long', 'fail', 'circuit_breaker', ''],
  ['bad_input', 'fail', 'circuit_breaker', ''],
  ['interrupted', 'interrupt', 'none', ''],
  ['cancelled', 'cancel', 'none', ''],
];

describe('the failure table', () => {
  test('matches the design, row by row', () => {
    const rows = FAILURE_CLASSES.map((name) => {
      const { unit, job, tellNextAttempt } = failureRule(name);
      return [name, unit, job, tellNextAttempt ? 'told' : ''];
    });
    expect(rows).toEqual(TABLE);
  });

  test.each(Object.entries(FAILURES))('%s tells a person what it means and what to do', (_name, rule) => {
    for (const { meaning, advice } of [rule, ...Object.values((rule as FailureRule).of ?? {})]) {
      expect(meaning).toMatch(/^[a-z].*[^.]$/);
      expect(hintText(advised(advice, 'failed'))).toMatch(/^[A-Z].*\.$/);
    }
  });

  const ofPrograms = FAILURE_CLASSES.filter((name) => !ONLY_AGENTS.has(name));
  test.each<[JobStatus, FailureClass, number | undefined, string]>([
    ['failed', 'crashed', undefined, 'Look at the end of its log with get_unit, then retry.'],
    ['failed', 'crashed', 7, 'Look at the end of its log with get_unit (unit=7, cursor=end), then retry.'],
    ['testing', 'crashed', undefined, 'Look at the end of its log with get_unit, then start_job with again=true.'],
    ['testing', 'server_error', undefined, 'Later, start_job with again=true tries it again.'],
    ['testing', 'overloaded', undefined, 'Later, start_job with again=true tries it again.'],
    ['testing', 'usage_limit', undefined, 'Once the window has opened, start_job with again=true tries it again.'],
    ['paused', 'model_not_found', undefined, 'Choose another model with update_job, then resume_job.'],
    ['testing', 'model_not_found', undefined, 'Choose another model with update_job, then start_job with again=true.'],
    [
      'running',
      'unit_budget',
      undefined,
      "Raise the worker's max_budget_usd with pause_job and then with update_job, then retry.",
    ],
    [
      'running',
      'unit_budget',
      0,
      "Raise the worker's max_budget_usd with pause_job and then with update_job, then retry.",
    ],
  ])('in a job that is %s, %s of unit %s: %s', (status, failureClass, unit, advice) => {
    expect(hintText(adviceIn(status, failureClass, undefined, unit))).toBe(advice);
  });

  test.each(ofPrograms)('%s of a program says nothing of an agent or a prompt', (name) => {
    const { meaning, advice } = failureRule(name, 'command');
    expect(`${meaning} ${hintText(advised(advice, 'failed'))}`).not.toMatch(/\b(agent|prompt|tool)\b/);
  });
});

describe('a unit after a failed attempt', () => {
  /** By effect on the unit: the next status of a fresh unit, and of one without retries left. */
  const EFFECTS: Readonly<Record<UnitEffect, { first: object; last: object }>> = {
    defer: {
      first: { status: 'pending', deferrals: 1, retriesUsed: 0, interruptions: 0 },
      last: { status: 'failed', deferrals: MAX_DEFERRALS, notBefore: 0 },
    },
    put_back: {
      first: { status: 'pending', ...fresh, notBefore: 0 },
      last: { status: 'pending', notBefore: 0 },
    },
    retry: {
      first: { status: 'pending', retriesUsed: 1, deferrals: 0, interruptions: 0 },
      last: { status: 'failed', retriesUsed: 3, notBefore: 0 },
    },
    fail: { first: { status: 'failed', ...fresh, notBefore: 0 }, last: { status: 'failed', notBefore: 0 } },
    interrupt: {
      first: { status: 'pending', interruptions: 1, retriesUsed: 0, deferrals: 0, notBefore: 0 },
      last: { status: 'failed', interruptions: MAX_INTERRUPTIONS, notBefore: 0 },
    },
    cancel: { first: { status: 'cancelled', ...fresh, notBefore: 0 }, last: { status: 'cancelled', notBefore: 0 } },
  };
  const usedUp = { step: 0, retriesUsed: 3, deferrals: MAX_DEFERRALS - 1, interruptions: MAX_INTERRUPTIONS - 1 };
  const options = { maxRetries: 3, nextStep: null, now: NOW, random: 0.5 };

  test.each(TABLE)('%s: %s', (failureClass, effect) => {
    const why = { failureClass, failureMessage: 'because' };
    expect(decide(fresh, failed(failureClass), options)).toMatchObject({ ...EFFECTS[effect].first, ...why });
    expect(decide(usedUp, failed(failureClass), options)).toMatchObject({ ...EFFECTS[effect].last, ...why });
  });

  test('a success completes it and keeps its counters', () => {
    const outcome: Outcome = { ok: true, usage: {}, result: { text: 'x' } };
    expect(decide(usedUp, outcome, options)).toEqual({
      ...usedUp,
      status: 'completed',
      notBefore: 0,
      failureClass: null,
      failureMessage: null,
    });
  });

  test.each([
    [0, 1, 'pending', 1],
    [0, 2, 'pending', 2],
    [2, null, 'completed', 2],
  ] as const)(
    'a success at step %i, followed by %j: %s at step %i, with new counters where it goes on',
    (step, nextStep, status, next) => {
      const outcome: Outcome = { ok: true, usage: {}, result: { text: 'x' } };
      const counters = status === 'completed' ? usedUp : fresh;
      expect(decide({ ...usedUp, step }, outcome, { ...options, nextStep })).toMatchObject({
        ...counters,
        status,
        step: next,
      });
    },
  );

  test('a failure leaves the unit at its step', () => {
    expect(decide({ ...fresh, step: 1 }, failed('timeout'), options)).toMatchObject({ status: 'pending', step: 1 });
    expect(decide({ ...fresh, step: 1 }, failed('bad_input'), options)).toMatchObject({ status: 'failed', step: 1 });
  });

  test('without retries the first failure fails it', () => {
    expect(decide(fresh, failed('timeout'), { ...options, maxRetries: 0 })).toMatchObject({
      status: 'failed',
      retriesUsed: 0,
    });
  });

  test('a deferral waits for the longer of Retry-After and back-off', () => {
    const asked = { ...failed('rate_limited'), retryAfterMs: 45_000 };
    expect(decide(fresh, asked, { ...options, random: 0 }).notBefore).toBe(NOW + 45_000);
    const late = { ...fresh, deferrals: 6 };
    expect(decide(late, asked, { ...options, random: 0.99 }).notBefore).toBe(NOW + 59_400);
  });

  test('a retry is never due before Retry-After', () => {
    const asked = { ...failed('server_error'), retryAfterMs: 7_000 };
    expect(decide(fresh, asked, { ...options, random: 0 }).notBefore).toBe(NOW + 7_000);
  });

  test('a waiting unit always has a due time, unlike one that never failed', () => {
    expect(decide(fresh, failed('timeout'), { ...options, random: 0 }).notBefore).toBe(NOW + 1);
  });
});

describe('the back-off', () => {
  test.each([
    [0, 2_000],
    [1, 4_000],
    [2, 8_000],
    [3, 16_000],
    [4, 32_000],
    [5, 60_000],
    [6, 60_000],
    [40, 60_000],
    [2000, 60_000],
  ])('step %i is random within %i ms', (step, cap) => {
    expect(backoffMs(step, 0)).toBe(0);
    expect(backoffMs(step, 0.5)).toBe(cap / 2);
    expect(backoffMs(step, 0.999999)).toBeLessThanOrEqual(cap);
  });
});

function failed(failureClass: FailureClass): Extract<Outcome, { ok: false }> {
  return { ok: false, failureClass, message: 'because', usage: {} };
}
