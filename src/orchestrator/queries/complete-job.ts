import { z } from 'zod';
import { IN_PROCESS, operation } from '../operation.ts';

/** Finds jobs by a part of their id or name, for menus. */
export const completeJob = operation({
  name: 'complete_job',
  title: 'Jobs by a part of their id or name',
  interfaces: IN_PROCESS,
  description: 'Id, name and number of units of the jobs that contain a text, newest first.',
  input: z.strictObject({ typed: z.string().optional(), limit: z.int().min(1).max(1000) }),
  output: z.object({ jobs: z.array(z.object({ job_id: z.string(), name: z.string(), units: z.int() })) }),
  effect: 'read',
  async run({ repository }, { typed, limit }) {
    const { jobs } = await repository.jobs.list({ limit, ...(typed ? { search: typed } : {}) });
    return { jobs: jobs.map(({ jobId, name, totalUnits }) => ({ job_id: jobId, name, units: totalUnits })) };
  },
});
