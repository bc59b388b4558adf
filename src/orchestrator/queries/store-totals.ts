import { statSync } from 'node:fs';
import { z } from 'zod';
import { usd } from '../../domain/money.ts';
import { IN_PROCESS, operation } from '../operation.ts';

const counts = z.record(z.string(), z.int());

/** Returns the figures of the whole store, for monitoring. */
export const storeTotals = operation({
  name: 'store_totals',
  title: 'Figures of the store',
  interfaces: IN_PROCESS,
  description: 'Path and size of the store, counts of its jobs and units, and what each job has used.',
  input: z.strictObject({}),
  output: z.object({
    path: z.string(),
    bytes: z.int(),
    wal_bytes: z.int(),
    jobs_by_status: counts,
    units_by_status: counts,
    failed_by_class: counts,
    jobs: z.array(
      z.object({
        job_id: z.string(),
        units_tried: z.int(),
        cost_usd: z.number(),
        input_tokens: z.number(),
        output_tokens: z.number(),
      }),
    ),
  }),
  effect: 'read',
  async run({ repository: { path, totals } }) {
    const { jobsByStatus, unitsByStatus, failedByClass, perJob } = await totals();
    return {
      path,
      bytes: sizeOf(path),
      wal_bytes: sizeOf(`${path}-wal`),
      jobs_by_status: { ...jobsByStatus },
      units_by_status: { ...unitsByStatus },
      failed_by_class: { ...failedByClass },
      jobs: perJob.map(({ jobId, unitsTried, costUsd, inputTokens, outputTokens }) => ({
        job_id: jobId,
        units_tried: unitsTried,
        cost_usd: usd(costUsd),
        input_tokens: inputTokens,
        output_tokens: outputTokens,
      })),
    };
  },
});

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
