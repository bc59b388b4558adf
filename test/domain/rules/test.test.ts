import { describe, expect, test } from 'vitest';
import type { JobTest } from '../../../src/domain/job.ts';
import {
  endedTest,
  isTestGivenUp,
  newTest,
  spreadOver,
  type TestFacts,
  verdictOfTest,
} from '../../../src/domain/rules/test.ts';

const TEST: JobTest = newTest([0, 4], 1000);
type TestUnit = TestFacts['units'][number];

function unit(status: NonNullable<TestUnit>['status'], parts: Partial<NonNullable<TestUnit>> = {}): TestUnit {
  return { index: 4, status, failureClass: null, failureMessage: null, ...parts };
}
const done = unit('completed');
const crashed = unit('failed', { failureClass: 'crashed', failureMessage: 'exit code 3' });

function verdict(units: readonly TestUnit[], parts: Partial<Omit<TestFacts, 'units'>> = {}) {
  return verdictOfTest({ test: TEST, units, orphaned: 0, log: '/logs/j.log', ...parts });
}

describe('the verdict of a test', () => {
  test('a new test runs and has none', () => {
    expect(TEST).toEqual({
      ...{ state: 'running', units: [0, 4], verdict: null, executorsLost: 0, startedAt: 1000, endedAt: null },
    });
  });

  test.each([
    ['a unit is pending', [done, unit('pending')]],
    ['a unit is running', [unit('running'), crashed]],
  ])('waits while %s', (_what, units) => {
    expect(verdict(units)).toBeNull();
  });

  test('passes when all its units completed', () => {
    expect(verdict([done, done])).toEqual({ state: 'passed', verdict: '2 test units completed.' });
    expect(verdict([done])).toEqual({ state: 'passed', verdict: '1 test unit completed.' });
  });

  test.each<[string, readonly TestUnit[], RegExp]>([
    ['a failure, with its message', [done, crashed], /^1 of 2 test units did not complete: exit code 3\.$/],
    [
      'the first failure of several',
      [crashed, unit('failed', { failureClass: 'timeout', failureMessage: 'slow' })],
      /^2 of 2 test units did not complete: exit code 3\.$/,
    ],
    [
      'its class when there is no message',
      [unit('failed', { failureClass: 'timeout' })],
      /^1 of 1 test unit did not complete: timeout\.$/,
    ],
    ['a unit that was skipped', [unit('skipped')], /did not complete: skipped\.$/],
    ['a unit that is gone', [null], /did not complete: missing\.$/],
  ])('fails for %s', (_what, units, expected) => {
    expect(verdict(units)).toEqual({ state: 'failed', verdict: expect.stringMatching(expected) });
  });

  test('fails when two executors died, once nothing of theirs lives', () => {
    const given = { test: { ...TEST, executorsLost: 2 } };
    expect(verdict([unit('pending')], { test: { ...TEST, executorsLost: 1 } })).toBeNull();
    expect(verdict([unit('pending')], { ...given, orphaned: 1 })).toBeNull();
    expect(verdict([unit('pending')], given)).toEqual({
      ...{
        state: 'failed',
        verdict: 'The executor died twice during the test; its log is /logs/j.log.',
        stoppedBy: 'crashed',
      },
    });
    expect(verdict([done], given)?.state).toBe('passed');
  });

  test.each([
    [null, false],
    [{ executorsLost: 1 }, false],
    [{ executorsLost: 2 }, true],
  ])('a test %j is given up: %s', (given, isGivenUp) => {
    expect(isTestGivenUp(given)).toBe(isGivenUp);
  });

  test('an ended test keeps its units and never ends before it began', () => {
    const failed = { state: 'failed', verdict: 'v' } as const;
    expect(endedTest(TEST, failed, 2000)).toEqual({ ...TEST, ...failed, endedAt: 2000 });
    expect(endedTest(TEST, failed, 5).endedAt).toBe(1000);
  });
});

test.each([
  [100, 1, [0]],
  [100, 2, [0, 99]],
  [100, 3, [0, 50, 99]],
  [2, 3, [0, 1, 1]],
  [1, 2, [0, 0]],
])('of %i units, %i test units are taken near %j', (total, wanted, near) => {
  expect(spreadOver(total, wanted)).toEqual(near);
});
