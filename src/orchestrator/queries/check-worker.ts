import { z } from 'zod';
import { operation, TERMINAL } from '../operation.ts';
import { chosenWorker, DEFAULT_WORKER, preflight } from '../operations/settings.ts';
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
