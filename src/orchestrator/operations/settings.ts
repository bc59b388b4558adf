import type { z } from 'zod';
import { AbpError } from '../../domain/error.ts';
import type { WorkerChoice } from '../../domain/job.ts';
import type { JsonObject } from '../../domain/json.ts';
import { DEFAULT_LIMITS, type Limits } from '../../domain/limits.ts';
import { checkSchema } from '../../workers/schema/check.ts';
import type { OrchestratorDeps } from '../operation.ts';
import type { limitsInput, runInput, workerInput } from '../shapes.ts';

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
export interface SettingsInput extends WorkerInput {
  readonly schema?: unknown;
  readonly limits?: z.output<typeof limitsInput> | undefined;
}

/** A worker from a caller: by its config or type, or by the program to run. */
export interface WorkerInput {
  readonly worker?: z.output<typeof workerInput> | undefined;
  readonly run?: z.output<typeof runInput> | undefined;
}

/** Returns the worker that a caller chose; undefined = none. Throws `invalid_input` for a worker and a program together. */
export function chosenWorker({ worker, run }: WorkerInput): WorkerChoice | undefined {
  if (run === undefined) return typeof worker === 'string' ? { type: worker } : (worker as WorkerChoice | undefined);
  if (worker === undefined) return { type: 'command', command: run };
  const message = 'expected either worker or run, found both';
  throw new AbpError('invalid_input', `run: ${message}.`, {
    hint: 'Give one of them: run: [program, …] is short for worker: {type: command, command: [program, …]}.',
    details: { problems: [{ path: 'run', message }] },
  });
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

/** Requires that the worker can run here and now, before anything is spent. Throws `worker_unavailable`. */
export async function preflight(deps: OrchestratorDeps, choice: WorkerChoice): Promise<void> {
  const { worker, config } = await deps.workers.parse(choice);
  const result = await worker.preflight(config, deps.environment);
  if (result.ok) return;
  throw new AbpError('worker_unavailable', `Worker ${worker.type} cannot run: ${result.message}`, {
    hint: result.hint,
    details: { class: result.failureClass },
  });
}

/** Copies the fields that have a value. */
export function withoutUndefined<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
