import { describe, expect, test } from 'vitest';
import { type FailureFacts, tripReason } from '../../src/domain/circuit-breaker.ts';
import { FAILURE_CLASSES, type FailureClass, failureRule } from '../../src/domain/failure.ts';

type Latest = FailureFacts['latest'];

/** Facts of a job in the middle of 100 units, with the parts that a test sets. */
function facts(change: Partial<Omit<FailureFacts, 'tally'>> & { tried?: number; base?: FailureFacts['byClass'] }) {
  const { tried = 9, base = {}, ...rest } = change;
  const tally = { unitsTried: 100 + tried, breakerBaseTried: 100, breakerBaseByClass: base };
  return { latest: [], byClass: {}, neverTried: 50, threshold: 5, ...rest, tally };
}
const times = (n: number, failureClass: FailureClass | null): Latest => Array.from({ length: n }, () => failureClass);

describe('the circuit breaker', () => {
  test.each<[string, Latest, FailureClass | null]>([
    ['the last five in one class', times(5, 'timeout'), 'timeout'],
    ['the last five of more', [...times(5, 'agent_error'), null, 'timeout'], 'agent_error'],
    ['four only', times(4, 'timeout'), null],
    ['a success between', ['timeout', 'timeout', null, 'timeout', 'timeout', 'timeout'], null],
    ['a success last', [null, ...times(5, 'timeout')], null],
    ['two classes', [...times(4, 'timeout'), 'crashed'], null],
    ['nothing ended yet', [], null],
  ])('trips on units in a row: %s', (_what, latest, expected) => {
    expect(tripReason(facts({ latest }))?.failureClass ?? null).toBe(expected);
  });

  test.each<[string, Parameters<typeof facts>[0], FailureClass | null]>([
    ['half of ten', { tried: 10, byClass: { timeout: 5 } }, 'timeout'],
    ['less than half', { tried: 11, byClass: { timeout: 5 } }, null],
    ['half, but fewer than ten tried', { tried: 9, byClass: { timeout: 9 } }, null],
    ['half only of two classes together', { tried: 10, byClass: { timeout: 3, crashed: 3 } }, null],
    ['failures from before a resume', { tried: 10, byClass: { timeout: 9 }, base: { timeout: 5 } }, null],
    ['half of those tried since', { tried: 10, byClass: { timeout: 10 }, base: { timeout: 5 } }, 'timeout'],
  ])('trips on a share of units: %s', (_what, change, expected) => {
    expect(tripReason(facts(change))?.failureClass ?? null).toBe(expected);
  });

  test.each([
    [5, true],
    [4, false],
    [0, false],
  ])('with %i units never tried it trips: %s', (neverTried, pauses) => {
    expect(tripReason(facts({ latest: times(5, 'timeout'), neverTried })) !== null).toBe(pauses);
    expect(tripReason(facts({ tried: 20, byClass: { timeout: 20 }, neverTried })) !== null).toBe(pauses);
  });

  test('is off with a threshold of 0', () => {
    const all = { latest: times(50, 'timeout'), tried: 50, byClass: { timeout: 50 } };
    expect(tripReason(facts({ ...all, threshold: 0 }))).toBeNull();
    expect(tripReason(facts({ ...all, threshold: 1 }))).not.toBeNull();
  });

  test('ignores classes with another effect on the job', () => {
    const others = FAILURE_CLASSES.filter((name) => failureRule(name).job !== 'circuit_breaker');
    expect(others).toContain('rate_limited');
    for (const name of others) {
      expect(tripReason(facts({ latest: times(5, name), tried: 20, byClass: { [name]: 20 } })), name).toBeNull();
    }
  });

  test('gives the numbers as its reason', () => {
    expect(tripReason(facts({ latest: times(5, 'timeout') }))?.reason).toBe('the last 5 units all ended in timeout');
    expect(tripReason(facts({ tried: 12, byClass: { crashed: 7 } }))?.reason).toBe(
      '7 of 12 units tried ended in crashed',
    );
  });
});
