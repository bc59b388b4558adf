import { AbpError } from '../domain/error.ts';
import type { WorkerChoice } from '../domain/job.ts';
import type { JsonObject } from '../domain/json.ts';
import { didYouMean } from '../domain/nearest.ts';
import { parseWith } from '../domain/validate.ts';
import type { Worker } from '../ports/worker.ts';

/** Every worker by its type; a driver is loaded when it is first asked for. */
const WORKERS: ReadonlyMap<string, () => Promise<Worker>> = new Map([
  ['claude', async () => (await import('./claude/worker.ts')).claudeWorker],
  ['command', async () => (await import('./command.ts')).commandWorker],
]);

/** Types of all workers, as users write them. */
export const WORKER_TYPES: readonly string[] = [...WORKERS.keys()];

/** The worker of a type; throws `invalid_input` with the nearest known name. */
export async function getWorker(type: string): Promise<Worker> {
  const load = WORKERS.get(type);
  if (load) return load();
  const message = `unknown worker ${JSON.stringify(type)}.${didYouMean(type, WORKER_TYPES)}`;
  throw new AbpError('invalid_input', `worker.type: ${message}`, {
    hint: `Known workers: ${WORKER_TYPES.join(', ')}.`,
    details: { problems: [{ path: 'type', message }] },
  });
}

/** A user's choice with its driver, its config checked and completed. Throws `invalid_input`. */
export async function parseWorker(
  choice: WorkerChoice,
): Promise<{ readonly worker: Worker; readonly config: JsonObject }> {
  const { type, ...given } = choice;
  const worker = await getWorker(type);
  return { worker, config: parseWith(worker.configSchema, given, `config of worker ${type}`) };
}
