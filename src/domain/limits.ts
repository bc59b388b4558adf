/** Limits of a job: one shape in create_job, batch files and the store; defaults are filled in at creation. */
export interface Limits {
  /** Slots of the worker pool, 1 to 64. */
  readonly max_workers: number;
  /** Retries after the first try of a unit. */
  readonly max_retries: number;
  /** Measured from the spawn of an attempt. */
  readonly timeout_s: number;
  /** Longest time without output; 0 = off. */
  readonly idle_timeout_s: number;
  /** For the whole job; null = none. */
  readonly budget_usd: number | null;
  /** Distinct units in a row that fail in one class before the job pauses (circuit breaker); 0 = off. */
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

/** Terms: what an approval covers beside the definition: cost, time, slots, retries, test units. */
export type Terms = Pick<Limits, 'max_workers' | 'max_retries' | 'timeout_s' | 'budget_usd'> & {
  readonly 'test.units': number;
};

/** Returns the terms of a job in a revision, with its present slots. */
export function termsOf(job: { readonly maxWorkers: number; readonly testUnits: number }, limits: Limits): Terms {
  const { max_retries, timeout_s, budget_usd } = limits;
  // A job that skips its test may still be tested: with one unit.
  return { max_workers: job.maxWorkers, max_retries, timeout_s, budget_usd, 'test.units': Math.max(1, job.testUnits) };
}

/** Lists the terms that exceed the agreed ones: `budget_usd 1 → 5000`. */
export function raisedTerms(agreed: Terms, next: Terms): readonly string[] {
  return namesOf(next)
    .filter((name) => amount(next, name) > amount(agreed, name))
    .map((name) => `${name} ${agreed[name]} → ${next[name] ?? 'none'}`);
}

/** Returns the higher value of each term: an agreed value stays agreed. */
export function highestTerms(one: Terms, other: Terms): Terms {
  const higher = namesOf(other).filter((name) => amount(other, name) > amount(one, name));
  return { ...one, ...Object.fromEntries(higher.map((name) => [name, other[name]])) };
}

function namesOf(terms: Terms): readonly (keyof Terms)[] {
  return Object.keys(terms) as (keyof Terms)[];
}

function amount(terms: Terms, name: keyof Terms): number {
  return terms[name] ?? Number.POSITIVE_INFINITY;
}
