import { AbpError } from '../domain/error.ts';
import type { WorkerChoice } from '../domain/job.ts';
import type { JsonObject } from '../domain/json.ts';
import { didYouMean } from '../domain/nearest.ts';
import { parseWith } from '../domain/validate.ts';
import type { Worker } from '../ports/worker.ts';

export { isGone } from './process/handle.ts';

/** All workers by type; a driver is loaded on first use. */
const WORKERS: ReadonlyMap<string, () => Promise<Worker>> = new Map([
  ['claude', async () => (await import('./claude/worker.ts')).claudeWorker],
  ['command', async () => (await import('./command.ts')).commandWorker],
]);

/** Types of all workers, as used in batch files. */
export const WORKER_TYPES: readonly string[] = [...WORKERS.keys()];

/** Loads the worker of a type. Throws AbpError `invalid_input` that names the nearest known type. */
export async function getWorker(type: string): Promise<Worker> {
  const load = WORKERS.get(type);
  if (load) return load();
  const message = `unknown worker ${JSON.stringify(type)}.${didYouMean(type, WORKER_TYPES)}`;
  throw new AbpError('invalid_input', `worker.type: ${message}`, {
    hint: `Known workers: ${WORKER_TYPES.join(', ')}.`,
    details: { problems: [{ path: 'type', message }] },
  });
}

/** Loads the chosen worker and validates its config, with defaults applied. Throws AbpError `invalid_input`. */
export async function parseWorker(
  choice: WorkerChoice,
): Promise<{ readonly worker: Worker; readonly config: JsonObject }> {
  const { type, ...given } = choice;
  const worker = await getWorker(type);
  return { worker, config: parseWith(worker.configSchema, given, `config of worker ${type}`) };
}
