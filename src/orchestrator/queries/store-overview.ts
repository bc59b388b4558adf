import { z } from 'zod';
import { JOB_STATUSES, type Job, type JobStatus } from '../../domain/job.ts';
import { usd } from '../../domain/money.ts';
import { IN_PROCESS, type OrchestratorDeps, operation } from '../operation.ts';
import { unitCounts } from '../shapes.ts';

/** Jobs of one kind that are listed; the others are only counted. */
const NAMED = 10;

const MOVING: readonly JobStatus[] = ['enumerating', 'running'];

const briefJob = z.looseObject({ job_id: z.string(), name: z.string(), status: z.string(), units: unitCounts });

/** Summarizes the database: jobs by status, active jobs, jobs that wait for a person. */
export const storeOverview = operation({
  name: 'store_overview',
  title: 'All work at a glance',
  interfaces: IN_PROCESS,
  description: 'Counts of jobs by status, and the newest jobs that are active or wait for a person.',
  input: z.strictObject({}),
  output: z.object({
    jobs: z.record(z.string(), z.int()),
    at_work: z.array(briefJob),
    waiting_for_you: z.array(briefJob),
  }),
  effect: 'read',
  run: overviewOf,
});

async function overviewOf({ repository }: OrchestratorDeps) {
  const list = (statuses: readonly JobStatus[], limit: number) => repository.jobs.list({ statuses, limit });
  const brief = async (job: Job) => ({
    job_id: job.jobId,
    name: job.name,
    status: job.status,
    ...(job.pauseReason ? { pause_reason: job.pauseReason } : {}),
    ...(job.test ? { test: job.test.state } : {}),
    units: await repository.units.counts(job.jobId),
    cost_usd: usd(job.costUsd),
  });
  const testing = (await list(['testing'], NAMED)).jobs;
  const moving = [...(await list(MOVING, NAMED)).jobs, ...testing.filter((job) => job.test?.state === 'running')];
  const waiting = [...testing.filter((job) => job.test?.state !== 'running'), ...(await list(['paused'], NAMED)).jobs];
  const totals = await Promise.all(
    JOB_STATUSES.map(async (status) => [status, (await list([status], 1)).total] as const),
  );
  return {
    jobs: Object.fromEntries(totals),
    at_work: await Promise.all(moving.map(brief)),
    waiting_for_you: await Promise.all(waiting.map(brief)),
  };
}
