import type { z } from 'zod';
import { DEFAULT_LIMITS, type Limits } from '../../domain/limits.ts';
import type { OrchestratorDeps } from '../operation.ts';
import type { limitsInput } from '../shapes.ts';

/** Returns the limits that a caller gave, and for absent ones those before, or the defaults. */
export function limitsOf(
  { defaults: { maxWorkers, maxRetries } }: Pick<OrchestratorDeps, 'defaults'>,
  given: z.output<typeof limitsInput> | undefined,
  before?: Limits,
): Limits {
  const defaults = { ...DEFAULT_LIMITS, max_workers: maxWorkers, max_retries: maxRetries };
  return { ...(before ?? defaults), ...withoutUndefined(given ?? {}) };
}

/** Copies the fields that have a value. */
export function withoutUndefined<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
