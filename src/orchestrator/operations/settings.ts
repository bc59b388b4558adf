import type { z } from 'zod';
import type { WorkerChoice } from '../../domain/job.ts';
import type { JsonObject } from '../../domain/json.ts';
import { DEFAULT_LIMITS, type Limits } from '../../domain/limits.ts';
import { checkSchema } from '../../workers/schema/check.ts';
import type { OrchestratorDeps } from '../operation.ts';
import type { limitsInput } from '../shapes.ts';

/** Default worker: it reads, and writes only below the job's output directory. */
export const DEFAULT_WORKER: WorkerChoice = { type: 'claude' };

/** Checked settings of a job that may change with each revision. */
export interface Settings {
  readonly worker: WorkerChoice;
  readonly outputSchema: JsonObject | null;
  readonly limits: Limits;
  /** Names of environment variables that the worker needs. */
  readonly passEnv: readonly string[];
}

/** Settings from a caller; absent ones come from `before` or the defaults. */
export interface SettingsInput {
  readonly worker?: { readonly type: string } | undefined;
  readonly output_schema?: unknown;
  readonly limits?: z.output<typeof limitsInput> | undefined;
}

/** Checks worker, schema and limits; writes nothing. Throws `invalid_input`. */
export async function checkSettings(
  deps: OrchestratorDeps,
  input: SettingsInput,
  before: Pick<Settings, 'worker' | 'outputSchema' | 'limits'> | null,
): Promise<Settings> {
  const worker = (input.worker as WorkerChoice | undefined) ?? before?.worker ?? DEFAULT_WORKER;
  const { worker: driver, config } = await deps.workers.parse(worker);
  const outputSchema = (input.output_schema as JsonObject | undefined) ?? before?.outputSchema ?? null;
  if (outputSchema) {
    await checkSchema(outputSchema);
    driver.checkSchema?.(outputSchema);
  }
  const defaults = { ...DEFAULT_LIMITS, max_workers: deps.defaults.maxWorkers, max_retries: deps.defaults.maxRetries };
  const limits = { ...(before?.limits ?? defaults), ...withoutUndefined(input.limits ?? {}) };
  return {
    worker,
    outputSchema,
    limits,
    passEnv: driver.policy(config).variables,
  };
}

/** Copies the fields that have a value. */
export function withoutUndefined<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
