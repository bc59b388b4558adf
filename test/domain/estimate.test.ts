import { describe, expect, test } from 'vitest';
import { estimate, estimateSteps, percentile, type Sample } from '../../src/domain/estimate.ts';

const samples = (...values: readonly (readonly [number | null, number])[]): Sample[] =>
  values.map(([costUsd, seconds]) => ({ costUsd, durationMs: seconds * 1000 }));

describe('the estimate', () => {
  test('is null without a test', () => {
    expect(estimate([], 100, 4)).toBeNull();
  });

  test('of one test is cost × units and time × rounds of slots', () => {
    expect(estimate(samples([0.05, 30]), 100, 4)).toEqual({
      remaining_units: 100,
      cost_usd: [5, 5],
      duration_s: [750, 750],
      from_units: 1,
    });
  });

  test('of several tests is the range from mean to 90th percentile', () => {
    expect(estimate(samples([0.1, 10], [0.1, 10], [0.4, 40]), 10, 1)).toMatchObject({
      cost_usd: [2, 4],
      duration_s: [200, 400],
    });
  });

  test('is ordered when the percentile is below the mean', () => {
    const nineAndOne = [...Array.from({ length: 19 }, () => [1, 1] as const), [100, 100] as const];
    const [from, to] = estimate(samples(...nineAndOne), 1, 1)?.cost_usd ?? [0, 0];
    expect([from, to]).toEqual([1, 5.95]);
  });

  test('has no cost when the worker reports none', () => {
    expect(estimate(samples([null, 2]), 10, 2)).toMatchObject({ cost_usd: null, duration_s: [10, 10] });
  });

  test('of the last units is at least one round', () => {
    expect(estimate(samples([1, 60]), 2, 8)).toMatchObject({ duration_s: [60, 60] });
    expect(estimate(samples([1, 60]), 0, 8)).toMatchObject({ cost_usd: [0, 0], duration_s: [0, 0] });
  });
});

describe('the estimate of several steps', () => {
  test('is the sum of what is left at each', () => {
    const steps = [
      { samples: samples([0.1, 10]), remaining: 2 },
      { samples: samples([0.2, 20], [0.2, 20]), remaining: 3 },
    ];
    expect(estimateSteps(steps, 3, 1)).toEqual({
      remaining_units: 3,
      cost_usd: [0.8, 0.8],
      duration_s: [80, 80],
      from_units: 2,
    });
  });

  test('leaves out a step that no test has reached, and a step without cost', () => {
    const steps = [
      { samples: samples([null, 10]), remaining: 2 },
      { samples: samples([0.2, 20]), remaining: 2 },
      { samples: [], remaining: 2 },
    ];
    expect(estimateSteps(steps, 2, 1)).toMatchObject({ cost_usd: [0.4, 0.4], duration_s: [60, 60] });
    expect(estimateSteps([{ samples: samples([null, 10]), remaining: 2 }], 2, 1)).toMatchObject({ cost_usd: null });
    expect(estimateSteps([{ samples: [], remaining: 2 }], 2, 1)).toBeNull();
  });
});

test.each([
  [[], 0.9, Number.NaN],
  [[7], 0.9, 7],
  [[3, 1, 2], 0.5, 2],
  [[10, 20, 30, 40, 50, 60, 70, 80, 90, 100], 0.9, 90],
  [[1, 2], 0, 1],
  [[1, 2], 1, 2],
])('the percentile of %j at %d is %d', (values, share, expected) => {
  expect(percentile(values, share)).toBe(expected);
});
