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

/** Nearest-rank percentile; NaN for no values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** Estimates the rest of a job from its test as ranges; null without a sample. */
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
