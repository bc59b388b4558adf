import { z } from 'zod';
import type { WorkerChoice } from '../../domain/job.ts';
import { operation, TERMINAL } from '../operation.ts';
import { preflight } from '../operations/settings.ts';
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
  async run(deps, { worker }) {
    await preflight(deps, worker as WorkerChoice);
    return { ok: true as const };
  },
});
