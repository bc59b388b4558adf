import { JOB_STATUSES, type Job, type JobStatus } from '../../domain/job.ts';
import { usd } from '../../domain/money.ts';
import type { OrchestratorDeps } from '../operation.ts';
import { truncateList } from '../truncate.ts';

/** Jobs of one kind that are listed; the others are only counted. */
const NAMED = 10;
const NAMED_BYTES = 4000;

const MOVING: readonly JobStatus[] = ['enumerating', 'running', 'post_processing'];

/** Summarizes the database: jobs by status, active jobs, jobs that wait for a person. */
export async function storeOverview({
  repository,
}: Pick<OrchestratorDeps, 'repository'>): Promise<Record<string, unknown>> {
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
    at_work: truncateList(await Promise.all(moving.map(brief)), NAMED_BYTES),
    waiting_for_you: truncateList(await Promise.all(waiting.map(brief)), NAMED_BYTES),
  };
}
