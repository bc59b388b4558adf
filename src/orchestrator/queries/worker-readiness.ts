import { z } from 'zod';
import type { Hint } from '../../domain/hint.ts';
import { operation, TERMINAL } from '../operation.ts';

/** Tells whether a worker with its default settings is ready, in its own words. */
export const workerReadiness = operation({
  name: 'worker_readiness',
  title: 'Readiness of a worker',
  interfaces: TERMINAL,
  description: 'Whether a worker with its default settings can run here and now, with its version and account.',
  input: z.strictObject({ type: z.string() }),
  output: z.object({ ready: z.boolean(), message: z.string(), hint: z.custom<Hint>().optional() }),
  effect: 'read',
  async run(deps, { type }) {
    const { worker, config } = await deps.workers.parse({ type });
    const result = await worker.preflight(config, deps.environment);
    if (result.ok) return { ready: true, message: result.summary };
    return { ready: false, message: result.message, hint: result.hint };
  },
});
