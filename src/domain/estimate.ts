import { usd } from './money.ts';

/** Cost and duration of one test attempt. */
export interface Sample {
  readonly costUsd: number | null;
  readonly durationMs: number;
}

/** Cost and time of the remaining units, from mean and 90th percentile of the tests. */
export interface Estimate {
  readonly remaining_units: number;
  /** [from mean, from p90]; null when the worker reports no cost. */
  readonly cost_usd: readonly [number, number] | null;
  /** Wall time with all slots busy: [from mean, from p90]. */
  readonly duration_s: readonly [number, number];
  readonly from_units: number;
}

/** Test attempts of one step, and the units that still have to pass it. */
export interface StepSamples {
  readonly samples: readonly Sample[];
  readonly remaining: number;
}

/**
 * Estimates the rest of a job: the sum over its steps. A step that no test has reached adds nothing, so that the
 * estimate is a lower bound then. Null without a sample.
 */
export function estimateSteps(steps: readonly StepSamples[], remaining: number, slots: number): Estimate | null {
  const parts = steps.map((step) => estimate(step.samples, step.remaining, slots)).filter((part) => part !== null);
  if (parts.length === 0) return null;
  const costs = parts.flatMap(({ cost_usd }) => (cost_usd === null ? [] : [cost_usd]));
  return {
    remaining_units: remaining,
    cost_usd: costs.length === 0 ? null : costs.reduce(added),
    duration_s: parts.map(({ duration_s }) => duration_s).reduce(added),
    from_units: Math.max(...parts.map(({ from_units }) => from_units)),
  };
}

function added([a, b]: readonly [number, number], [c, d]: readonly [number, number]): readonly [number, number] {
  return [a + c, b + d];
}

/** Nearest-rank percentile; NaN for no values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** Estimates the rest of a step from its tests as ranges; null without a sample. */
export function estimate(samples: readonly Sample[], remaining: number, slots: number): Estimate | null {
  if (samples.length === 0) return null;
  const range = (values: readonly number[], factor: number): [number, number] => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const p90 = percentile(values, 0.9);
    return [Math.min(mean, p90) * factor, Math.max(mean, p90) * factor];
  };
  const costs = samples.flatMap((sample) => (sample.costUsd === null ? [] : [sample.costUsd]));
  const rounds = remaining / Math.max(1, Math.min(slots, remaining || 1));
  const round = (value: number, digits: number) => Number(value.toFixed(digits));
  const duration = range(
    samples.map((sample) => sample.durationMs / 1000),
    rounds,
  );
  return {
    remaining_units: remaining,
    cost_usd: costs.length === 0 ? null : (range(costs, remaining).map(usd) as [number, number]),
    duration_s: [round(duration[0], 1), round(duration[1], 1)],
    from_units: samples.length,
  };
}
