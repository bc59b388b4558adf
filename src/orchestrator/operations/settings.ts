import type { z } from 'zod';
import type { WorkerChoice } from '../../domain/job.ts';
import type { JsonObject } from '../../domain/json.ts';
import { DEFAULT_LIMITS, type Limits } from '../../domain/limits.ts';
import { checkSchema } from '../../workers/schema/check.ts';
import { chosenWorker, DEFAULT_WORKER, type WorkerInput } from '../chosen-worker.ts';
import type { OrchestratorDeps } from '../operation.ts';
import type { limitsInput } from '../shapes.ts';

/** Checked settings of a job that may change with each revision. */
export interface Settings {
  readonly worker: WorkerChoice;
  readonly outputSchema: JsonObject | null;
  readonly limits: Limits;
  /** Names of environment variables that the worker needs. */
  readonly passEnv: readonly string[];
}

/** Settings from a caller; absent ones come from `before` or the defaults. */
export interface SettingsInput extends WorkerInput {
  readonly schema?: unknown;
  readonly limits?: z.output<typeof limitsInput> | undefined;
}

/** Checks worker, schema and limits; writes nothing. Throws `invalid_input`. */
export async function checkSettings(
  deps: OrchestratorDeps,
  input: SettingsInput,
  before: Pick<Settings, 'worker' | 'outputSchema' | 'limits'> | null,
): Promise<Settings> {
  const worker = chosenWorker(input) ?? before?.worker ?? DEFAULT_WORKER;
  const { worker: driver, config } = await deps.workers.parse(worker);
  const outputSchema = (input.schema as JsonObject | undefined) ?? before?.outputSchema ?? null;
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
