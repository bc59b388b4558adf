import { describe, expect, test } from 'vitest';
import { FAILURE_CLASSES, type FailureClass, failureRule } from '../../../src/domain/failure.ts';
import { attemptsToRead, type BreakerFacts, breakerPause } from '../../../src/domain/rules/circuit-breaker.ts';

type Latest = readonly (FailureClass | null)[];

type Classes = Readonly<Partial<Record<FailureClass, number>>>;

/** Facts about the step 0 of a job in the middle of 100 units, with the parts that a test sets; `latest`: one attempt of each unit. */
function facts(
  change: Partial<Omit<BreakerFacts, 'tally'>> & {
    latest?: Latest;
    tried?: number;
    base?: Classes;
    byClass?: Classes;
    neverTried?: number;
  },
): BreakerFacts {
  const { tried = 9, base = {}, latest = [], byClass = {}, neverTried = 50, ...rest } = change;
  const tally = { unitsTried: 100 + tried, breakerBaseTried: 100, breakerBaseByClass: base };
  const recent = latest.map((failureClass, index) => ended(index, failureClass));
  const failed = Object.entries(byClass).map(([name, count]) => units('failed', count, name as FailureClass));
  const counts = [units('pending', neverTried), units('completed', 20), ...failed];
  return { recent, step: 0, counts, threshold: 5, ...rest, tally };
}
const units = (
  status: 'pending' | 'failed' | 'completed',
  count: number,
  failureClass: FailureClass | null = null,
  step = 0,
) => ({ step, status, failureClass, count }) as const;
const ended = (index: number, failureClass: FailureClass | null, purpose: 'batch' | 'test' = 'batch') =>
  ({ scope: 'unit', step: 0, purpose, index, failureClass }) as const;
const times = (n: number, failureClass: FailureClass | null): Latest => Array.from({ length: n }, () => failureClass);
/** The reason for which it trips; null = it does not. */
const tripOf = (given: BreakerFacts) => breakerPause(given)?.message.replace(/^Paused because /, '') ?? null;
const classOf = (given: BreakerFacts) =>
  FAILURE_CLASSES.find((name) => tripOf(given)?.includes(` ended in ${name}.`)) ?? null;

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
    expect(classOf(facts({ latest }))).toBe(expected);
  });

  test.each<[string, Parameters<typeof facts>[0], FailureClass | null]>([
    ['half of ten', { tried: 10, byClass: { timeout: 5 } }, 'timeout'],
    ['less than half', { tried: 11, byClass: { timeout: 5 } }, null],
    ['half, but fewer than ten tried', { tried: 9, byClass: { timeout: 9 } }, null],
    ['half only of two classes together', { tried: 10, byClass: { timeout: 3, crashed: 3 } }, null],
    ['failures from before a resume', { tried: 10, byClass: { timeout: 9 }, base: { timeout: 5 } }, null],
    ['half of those tried since', { tried: 10, byClass: { timeout: 10 }, base: { timeout: 5 } }, 'timeout'],
  ])('trips on a share of units: %s', (_what, change, expected) => {
    expect(classOf(facts(change))).toBe(expected);
  });

  test.each([
    [5, true],
    [4, false],
    [0, false],
  ])('with %i units never tried it trips: %s', (neverTried, pauses) => {
    expect(breakerPause(facts({ latest: times(5, 'timeout'), neverTried })) !== null).toBe(pauses);
    expect(breakerPause(facts({ tried: 20, byClass: { timeout: 20 }, neverTried })) !== null).toBe(pauses);
  });

  test('is off with a threshold of 0', () => {
    const all = { latest: times(50, 'timeout'), tried: 50, byClass: { timeout: 50 } };
    expect(breakerPause(facts({ ...all, threshold: 0 }))).toBeNull();
    expect(breakerPause(facts({ ...all, threshold: 1 }))).not.toBeNull();
  });

  test('ignores classes with another effect on the job', () => {
    const others = FAILURE_CLASSES.filter((name) => failureRule(name).job !== 'circuit_breaker');
    expect(others).toContain('rate_limited');
    for (const name of others) {
      expect(breakerPause(facts({ latest: times(5, name), tried: 20, byClass: { [name]: 20 } })), name).toBeNull();
    }
  });

  test('gives the numbers as its reason', () => {
    expect(tripOf(facts({ latest: times(5, 'timeout') }))).toMatch(/^the last 5 units all ended in timeout\.$/);
    expect(tripOf(facts({ tried: 12, byClass: { crashed: 7 } }))).toMatch(/^7 of 12 units tried ended in crashed\.$/);
  });

  test.each<[string, BreakerFacts['recent'], boolean]>([
    ['one unit that fails often counts once', times(10, 'timeout').map((name) => ended(0, name)), false],
    [
      'only the latest ending of a unit counts: a final success breaks the row',
      [ended(4, 'timeout'), ended(3, null), ...[3, 2, 1, 0].map((unit) => ended(unit, 'timeout'))],
      false,
    ],
    [
      'endings that say nothing about the unit are ignored',
      [
        ...[4, 3].map((unit) => ended(unit, 'timeout')),
        ended(8, 'interrupted'),
        ...[7, 6, 5].map((unit) => ended(unit, 'rate_limited')),
        ...[2, 1, 0].map((unit) => ended(unit, 'timeout')),
      ],
      true,
    ],
    [
      'failures of the test do not count',
      [ended(4, 'timeout'), ...[3, 2, 1, 0].map((unit) => ended(unit, 'timeout', 'test'))],
      false,
    ],
    [
      'post-processing does not count',
      [{ ...ended(0, 'timeout'), scope: 'job' }, ...[3, 2, 1, 4].map((unit) => ended(unit, 'timeout'))],
      false,
    ],
  ])('%s', (_what, recent, trips) => {
    expect(breakerPause(facts({ recent })) !== null).toBe(trips);
  });

  test('the pause is for the failing class, not for that of the last attempt', () => {
    const recent = [ended(10, 'bad_input'), ...[8, 7, 6].map((unit) => ended(unit, unit % 2 ? null : 'crashed'))];
    const pause = breakerPause(facts({ recent, tried: 10, byClass: { crashed: 5, bad_input: 1 } }));
    expect(pause).toMatchObject({
      reason: 'failures',
      message: 'Paused because 5 of 10 units tried ended in crashed.',
      failureClass: 'crashed',
    });
  });

  test('wants to see more attempts than units: retries come between', () => {
    expect(attemptsToRead(5)).toBeGreaterThan(5 * 4);
  });

  test('each step is judged by its own attempts and units', () => {
    const atStep = (step: number, recent: BreakerFacts['recent'], counts: BreakerFacts['counts'], tried = 20) =>
      breakerPause(facts({ step, recent, counts, tried })) !== null;
    const later = times(5, 'timeout').map((name, unit) => ({ ...ended(unit, name), step: 1 }));
    const many = [units('pending', 50)];
    expect(atStep(1, later, many)).toBe(true);
    expect(atStep(0, later, many)).toBe(false);
    // Units that have not come to the step are still to be saved; those beyond it are not.
    expect(atStep(1, later, [units('pending', 3), units('pending', 2, null, 1)])).toBe(true);
    expect(
      atStep(1, later, [units('pending', 4), units('pending', 9, 'timeout', 1), units('pending', 9, null, 2)]),
    ).toBe(false);
    const half = [...many, units('failed', 6, 'crashed', 1), units('pending', 4, 'crashed', 1)];
    expect(atStep(1, [], half)).toBe(true);
    expect(atStep(0, [], half)).toBe(false);
  });
});
