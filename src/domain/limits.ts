/** Limits of a job, the same object in create_job, batch files and the store; defaults are filled in at creation. */
export interface Limits {
  /** Slots of the worker pool, 1 to 64. */
  readonly max_workers: number;
  /** Retries after the first try of a unit. */
  readonly max_retries: number;
  /** From the spawn of an attempt. */
  readonly timeout_s: number;
  /** Without a byte of output; 0 = off. */
  readonly idle_timeout_s: number;
  /** For the whole job; null = none. */
  readonly budget_usd: number | null;
  /** Distinct units in a row that fail in one class before the job pauses; 0 = off. */
  readonly failure_threshold: number;
}

export const DEFAULT_LIMITS: Limits = {
  max_workers: 4,
  max_retries: 3,
  timeout_s: 1800,
  idle_timeout_s: 0,
  budget_usd: null,
  failure_threshold: 5,
};

export const MAX_WORKERS_CEILING = 64;

/** The limits that are higher than before: what they bound may cost more, or take more of the machine. */
export function raised(before: Limits, next: Limits): readonly (keyof Limits)[] {
  const bound = (limits: Limits, name: (typeof BOUNDING)[number]) => limits[name] ?? Number.POSITIVE_INFINITY;
  return BOUNDING.filter((name) => bound(next, name) > bound(before, name));
}

/** Limits that bound money, time and slots; a threshold of failures only stops earlier or later. */
const BOUNDING = ['max_workers', 'max_retries', 'timeout_s', 'budget_usd'] as const;
