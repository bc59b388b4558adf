import { z } from 'zod';
import { AbpError } from '../../domain/error.ts';
import type { WorkerChoice } from '../../domain/job.ts';
import { chosenWorker, DEFAULT_WORKER } from '../chosen-worker.ts';
import { type OrchestratorDeps, operation, TERMINAL } from '../operation.ts';
import { workerInput } from '../shapes.ts';

/** Checks whether a worker can run here and now. */
export const checkWorker = operation({
  name: 'check_worker',
  title: 'Check a worker',
  interfaces: TERMINAL,
  description: 'Checks whether a worker can run here and now, before anything is spent; an error says why it cannot.',
  input: z.strictObject({ worker: workerInput }),
  output: z.object({ ok: z.literal(true) }),
  effect: 'read',
  async run(deps, given) {
    await preflight(deps, chosenWorker(given) ?? DEFAULT_WORKER);
    return { ok: true as const };
  },
});

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
