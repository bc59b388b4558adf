import { z } from 'zod';
import type { Json } from '../../domain/json.ts';
import { exportRows } from '../../export/rows.ts';
import { operation, requireStoredJob, TERMINAL } from '../operation.ts';
import { jobId } from '../shapes.ts';

/** Returns the first units of a job with their whole results. */
export const firstResults = operation({
  name: 'first_results',
  title: 'First results of a job',
  interfaces: TERMINAL,
  description: 'The first units of a job, as in an export: key, status and result.',
  input: z.strictObject({ job_id: jobId, limit: z.int().min(1).max(100) }),
  output: z.object({
    rows: z.array(z.object({ unit: z.int(), key: z.string(), status: z.string(), result: z.custom<Json>() })),
  }),
  effect: 'read',
  async run(deps, { job_id, limit }) {
    const job = await requireStoredJob(deps, job_id);
    const rows: { unit: number; key: string; status: string; result: Json }[] = [];
    for await (const { unit, key, status, result } of exportRows(deps.repository, job)) {
      rows.push({ unit, key, status, result });
      if (rows.length === limit) break;
    }
    return { rows };
  },
});
