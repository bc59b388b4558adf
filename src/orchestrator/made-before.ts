import { AbpError } from '../domain/error.ts';
import { type Job, needsExecutor } from '../domain/job.ts';
import { hashOf } from '../domain/power.ts';
import { executorState } from '../supervision/lease.ts';
import { isStill } from '../workers/process/processes.ts';
import type { CreateInput } from './new-job.ts';
import type { BatchFileRun, OrchestratorDeps } from './operation.ts';

type Deps = Pick<OrchestratorDeps, 'repository'>;

/** A request that has an id, with the hash of all that it asks for; null = it has none. */
export function requestOf({ request_id, ...content }: CreateInput): Job['request'] {
  return request_id === undefined ? null : { id: request_id, hash: hashOf(content) };
}

/** The job that the same request made before; null = none. Throws `request_reused` for an id that asked for something else. */
export function madeBefore({ repository }: Deps, request: Job['request']): Job | null {
  const job = request && repository.jobs.ofRequest(request.id);
  if (!request || !job) return null;
  if (job.request?.hash === request.hash) return job;
  throw new AbpError(
    'request_reused',
    `request_id ${JSON.stringify(request.id)} has made ${job.jobId} with other arguments.`,
    {
      hint: 'Send the same arguments to get that job, or another request_id for another job.',
      details: { job_id: job.jobId },
    },
  );
}

/**
 * Refuses to make a job from a batch file while one of it is being made, is at work, is being carried out in front of a
 * person, or waits for one with units that are paid for: both would write the same results. Inside the transaction that
 * inserts it: of two at once one is refused. Throws `conflict` with the job's id and the command that goes on with it.
 */
export function refuseSecondRun({ repository }: Deps, file: BatchFileRun | undefined): void {
  if (!file?.carriedOut || file.another) return;
  for (const job of repository.jobs.ofBatchFile(file.path)) {
    const way = wayOn(repository, job);
    if (way === null) continue;
    const what = job.pauseReason ? `${job.status} (${job.pauseReason})` : job.status;
    throw new AbpError('conflict', `${file.path} is being run already: ${job.jobId} is ${what}.`, {
      hint: `${way}; abp run --new makes another job beside it.`,
      details: { job_id: job.jobId, status: job.status },
    });
  }
}

/** The command that goes on with a job, and what it does; null for one that is over, or was only made. */
function wayOn({ leases }: OrchestratorDeps['repository'], job: Job): string | null {
  const { carriedOutBy: process_, status, jobId, test } = job;
  // Of this very process: whatever it began before, it does so no longer.
  const isCarriedOut = process_ !== null && process_.pid !== process.pid && isStill(process_);
  const isMade = status === 'enumerating' && executorState(leases.get(jobId)) === 'alive';
  if (isCarriedOut || isMade || needsExecutor(job)) return `abp watch ${jobId} follows it`;
  if (status === 'paused') return `abp resume ${jobId} goes on with it`;
  if (status === 'testing' && test?.state === 'passed') return `abp approve ${jobId} approves its test`;
  return null;
}
