import { describe, expect, test, vi } from 'vitest';
import { steadyClock, systemClock } from '../../src/clock.ts';
import { attemptDurationMs } from '../../src/domain/attempt.ts';
import { isDecimalMultiple } from '../../src/domain/decimal.ts';
import { AbpError, toAbpError } from '../../src/domain/error.ts';
import { EVENT_TYPES } from '../../src/domain/event.ts';
import { causeOf, clusterFailures } from '../../src/domain/failure-clusters.ts';
import { isExecuting, isOutputDue, type Job, needsExecutor, needsPerson } from '../../src/domain/job.ts';
import { MAX_OUTPUT_EXECUTORS } from '../../src/domain/job-output.ts';
import { isTooDeep, type Json, MAX_DEPTH } from '../../src/domain/json.ts';
import {
  DEFAULT_LIMITS,
  highestTerms,
  MAX_WORKERS_CEILING,
  raisedTerms,
  type Terms,
  termsOf,
} from '../../src/domain/limits.ts';
import { environmentPowers, hashOf, POWERS } from '../../src/domain/power.ts';
import { sentences } from '../../src/domain/sentences.ts';
import { clampedEnd } from '../../src/domain/time.ts';
import { unitsDone } from '../../src/domain/unit.ts';
import { fakeClock } from '../helpers/clock.ts';

describe('a job', () => {
  const test_ = (state: 'running' | 'passed') => ({ state }) as Job['test'];
  const powers = [{ kind: 'full', what: 'x' }] as const;

  test.each<[Pick<Job, 'status' | 'test' | 'pauseReason'>, boolean, boolean]>([
    [{ status: 'created', test: null, pauseReason: null }, false, false],
    [{ status: 'testing', test: test_('running'), pauseReason: null }, true, true],
    [{ status: 'testing', test: test_('passed'), pauseReason: null }, false, false],
    [{ status: 'testing', test: null, pauseReason: null }, false, false],
    [{ status: 'running', test: null, pauseReason: null }, true, true],
    [{ status: 'paused', test: null, pauseReason: 'usage_limit' }, false, true],
    [{ status: 'paused', test: null, pauseReason: 'user' }, false, false],
    [{ status: 'completed', test: null, pauseReason: null }, false, false],
  ])('%j is executing: %s, needs an executor: %s', (job, atWork, goesOn) => {
    expect([isExecuting(job), needsExecutor(job)]).toEqual([atWork, goesOn]);
  });

  test.each<[Job['status'], 'due' | 'written' | null, boolean]>([
    ['completed', 'due', true],
    ['failed', 'due', true],
    ['completed', 'written', false],
    ['completed', null, false],
    ['running', 'due', false],
  ])('%s with its output %s: the output is due: %s', (status, state, owes) => {
    expect(isOutputDue({ status, outputState: state && ({ state } as Job['outputState']) })).toBe(owes);
  });

  test.each([
    [false, [], false],
    [true, [], true],
    [false, powers, true],
  ])('requires approval %s, powers %j: needs a person: %s', (requireHumanApproval, own, needs) => {
    expect(needsPerson({ requireHumanApproval, powers: own })).toBe(needs);
  });

  test('bounds the tries of its output and its slots', () => {
    expect([MAX_OUTPUT_EXECUTORS, MAX_WORKERS_CEILING]).toEqual([3, 64]);
    expect(DEFAULT_LIMITS.max_workers).toBeLessThanOrEqual(MAX_WORKERS_CEILING);
  });

  test('unitsDone counts completed, failed and skipped units', () => {
    const counts = { pending: 1, running: 2, completed: 4, failed: 8, skipped: 16, cancelled: 32, total: 63 };
    expect(unitsDone(counts)).toBe(28);
  });
});

test('event types are unique and of the form noun:verb', () => {
  expect(EVENT_TYPES.filter((type) => !/^[a-z]+:[a-z_]+$/.test(type))).toEqual([]);
  expect(new Set(EVENT_TYPES).size).toBe(EVENT_TYPES.length);
});

describe('the terms of an approval', () => {
  const low: Terms = { max_workers: 2, max_retries: 1, timeout_s: 60, budget_usd: 1, 'test.units': 1 };
  const none: Terms = { ...low, budget_usd: null };

  test('are taken from a job and its revision', () => {
    expect(termsOf({ maxWorkers: 7, testUnits: 2 }, { ...DEFAULT_LIMITS, budget_usd: 3 })).toEqual({
      max_workers: 7,
      max_retries: DEFAULT_LIMITS.max_retries,
      timeout_s: DEFAULT_LIMITS.timeout_s,
      budget_usd: 3,
      'test.units': 2,
    });
  });

  test.each<[string, Terms, Terms, readonly string[], Terms]>([
    ['the same', low, low, [], low],
    ['more slots', low, { ...low, max_workers: 3 }, ['max_workers 2 → 3'], { ...low, max_workers: 3 }],
    ['fewer slots', low, { ...low, max_workers: 1 }, [], low],
    ['no budget any more', low, none, ['budget_usd 1 → none'], none],
    ['a budget where there was none', none, low, [], none],
    [
      'some higher, some lower',
      low,
      { ...low, max_retries: 0, 'test.units': 5 },
      ['test.units 1 → 5'],
      { ...low, 'test.units': 5 },
    ],
  ])('%s', (_, agreed, next, higher, both) => {
    expect(raisedTerms(agreed, next)).toEqual(higher);
    expect(highestTerms(agreed, next)).toEqual(both);
  });
});

describe('the power of variables', () => {
  const [sets, passes] = ['sets', 'passes on'].map((verb) => (names: string) => ({
    kind: 'environment',
    what: `${verb} ${names}`,
  }));
  test.each<[Parameters<typeof environmentPowers>, object[]]>([
    [[], []],
    [[{ LANG: 'C', LC_ALL: 'C', TZ: 'UTC' }, ['TZ', 'LC_TIME']], []],
    [[{ LANG: '/etc/passwd' }], [sets?.('LANG') ?? {}]],
    [[{ PATH: 'x', LD_PRELOAD: 'y' }], [sets?.('PATH, LD_PRELOAD') ?? {}]],
    [[{}, ['HOME', 'TZ']], [passes?.('HOME') ?? {}]],
    [
      [{ A: '1' }, ['B']],
      [sets?.('A') ?? {}, passes?.('B') ?? {}],
    ],
  ])('%j: %j', (given, powers) => {
    expect(environmentPowers(...given)).toEqual(powers);
    expect(POWERS).toHaveProperty('environment');
  });

  test.each<[string, unknown, unknown, boolean]>([
    ['the order of fields', { a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }, true],
    ['the order of a list', [1, 2], [2, 1], false],
    ['null and a missing field', { a: null }, {}, false],
    ['a number and its text', { a: 1 }, { a: '1' }, false],
  ])('the hash of a definition is the same with: %s', (_, one, other, same) => {
    expect(hashOf(one) === hashOf(other)).toBe(same);
    expect(hashOf(one)).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('nesting', () => {
  const nested = (levels: number): Json => {
    let value: Json = 'x';
    for (let level = 0; level < levels; level++) value = level % 2 ? [value, null] : { value };
    return value;
  };
  test.each([
    [0, false],
    [MAX_DEPTH, false],
    [MAX_DEPTH + 1, true],
    [50_000, true],
  ])('%i levels are too deep: %s', (levels, tooDeep) => {
    expect(isTooDeep(nested(levels))).toBe(tooDeep);
  });
});

describe('failures of one cause', () => {
  test.each([
    ['exit code 3: cannot read "a b.txt"', 'exit code #: cannot read “…”'],
    ['GET https://example.com/7 gave 404', 'GET … gave #'],
    ['no such file: /home/a/b.txt', 'no such file: …'],
    ['and/or is kept apart, v 1.2.3', '… is kept apart, v #'],
    ['id 0f1e2d3c4b5a is gone', 'id … is gone'],
    ['Traceback:\n  in x\nValueError: bad', 'Traceback: … ValueError: bad'],
    ['  one line \n', 'one line'],
    ['', ''],
  ])('%j has the cause %j', (message, cause) => {
    expect(causeOf(message)).toBe(cause);
  });

  test('keep their beginning and end when cut', () => {
    const cause = causeOf(`begin ${'word '.repeat(500)}end`);
    expect(cause).toMatch(/^begin .*….* end$/);
    expect(cause).toHaveLength(160);
  });

  test('are grouped by class and cause, the most frequent first', () => {
    const failed = (index: number, failureClass: 'timeout' | 'crashed', message: string) => ({
      index,
      failureClass,
      message,
    });
    expect(
      clusterFailures([
        failed(0, 'timeout', 'after 10 s'),
        failed(1, 'crashed', 'exit code 1'),
        failed(2, 'crashed', 'exit code 2'),
        failed(3, 'timeout', 'exit code 1'),
      ]),
    ).toEqual([
      { failureClass: 'crashed', cause: 'exit code #', example: 'exit code 1', units: [1, 2] },
      { failureClass: 'timeout', cause: 'after # s', example: 'after 10 s', units: [0] },
      { failureClass: 'timeout', cause: 'exit code #', example: 'exit code 1', units: [3] },
    ]);
  });
});

describe('time', () => {
  test('never goes back on a steady clock and follows the wall clock when that is ahead', () => {
    const clock = fakeClock();
    const steady = steadyClock(clock);
    const start = clock.now();
    clock.setWall(start - 86_400_000);
    clock.advance(5);
    expect(steady.now()).toBe(start + 5);
    clock.setWall(start + 1000);
    expect(steady.now()).toBe(start + 1000);
  });

  test('the real clock sleeps until its time or its signal', async () => {
    vi.useFakeTimers();
    try {
      const slept = vi.fn();
      const control = new AbortController();
      void systemClock.sleep(1000).then(() => slept('to its end'));
      void systemClock.sleep(5000, control.signal).then(() => slept('until it was woken'));
      await systemClock.sleep(1000, AbortSignal.abort());
      expect(slept).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(1000);
      expect(slept.mock.calls).toEqual([['to its end']]);
      control.abort();
      await vi.advanceTimersByTimeAsync(0);
      expect(slept.mock.calls).toEqual([['to its end'], ['until it was woken']]);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
    expect(systemClock.monotonic()).toBeLessThanOrEqual(systemClock.monotonic());
  });

  test.each([
    [10, 20, 20],
    [10, 5, 10],
  ])('a period that began at %i and ends at %i is stored with end %i', (start, time, stored) => {
    expect(clampedEnd(start, time)).toBe(stored);
  });

  test.each([
    [{ usage: { durationMs: 7 }, startedAt: 0, endedAt: 100 }, 7],
    [{ usage: {}, startedAt: 10, endedAt: 100 }, 90],
    [{ usage: {}, startedAt: 10, endedAt: null }, 990],
    [{ usage: {}, startedAt: 5000, endedAt: null }, 0],
  ])('the attempt %j has taken %i ms at 1000', (attempt, ms) => {
    expect(attemptDurationMs(attempt as never, 1000)).toBe(ms);
  });
});

describe('an error', () => {
  test('AbpError passes unchanged and says who can fix it', () => {
    const error = new AbpError('invalid_input', 'x');
    expect(toAbpError(error)).toBe(error);
    expect(error.blame).toBe('caller');
  });

  test.each([
    [new TypeError('x is undefined'), 'Unexpected error: x is undefined'],
    ['a text', 'Unexpected error: a text'],
  ])('another error becomes internal and keeps its cause: %s', (thrown, message) => {
    expect(toAbpError(thrown)).toMatchObject({ code: 'internal', blame: 'abp', message, cause: thrown });
  });
});

test.each([
  [['One', 'Two.'], 'One. Two.'],
  [['Why?', null, 'See “x.”', undefined, ''], 'Why? See “x.”'],
  [[], ''],
])('the sentences %j: %s', (parts, text) => {
  expect(sentences(...parts)).toBe(text);
});

test.each([
  [Number.POSITIVE_INFINITY, 0.01, true],
  [19.99, 0.01, true],
  [1e21, 3, false],
])('%d is a multiple of %d: %s', (value, divisor, expected) => {
  expect(isDecimalMultiple(value, divisor)).toBe(expected);
});
