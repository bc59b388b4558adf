import { AbpError } from '../../domain/error.ts';
import { type Hint, hint, mention } from '../../domain/hint.ts';
import { type Job, needsExecutor } from '../../domain/job.ts';
import { hashOf } from '../../domain/power.ts';
import type { Repository, Tx } from '../../ports/repository.ts';
import { executorState } from '../../supervision/lease.ts';
import { isStill } from '../../workers/process/processes.ts';
import type { BatchFileRun } from '../operation.ts';
import type { CreateInput } from './new-job.ts';

/** Returns the id of a request with the hash of its other arguments; null = it has no id. */
export function requestOf({ request_id, ...content }: CreateInput): Job['request'] {
  return request_id === undefined ? null : { id: request_id, hash: hashOf(content) };
}

/**
 * Finds the job that the same request created; null = none. Throws `request_reused` when the id came with other arguments.
 */
export async function jobOfRequest({ jobs }: Pick<Repository, 'jobs'>, request: Job['request']): Promise<Job | null> {
  const job = request && (await jobs.ofRequest(request.id));
  if (!request || !job) return null;
  if (job.request?.hash === request.hash) return job;
  throw new AbpError(
    'request_reused',
    `request_id ${JSON.stringify(request.id)} was used for ${job.jobId} with other arguments.`,
    {
      hint: 'Send the same arguments to get that job, or use another request_id for a new job.',
      details: { job_id: job.jobId },
    },
  );
}

/**
 * Refuses a second job of a batch file while the first one is being stored, is active, is open in another terminal, is paused
 * or waits for its approval: both would write the same results. Call it inside the transaction that inserts the job: of two
 * at the same time one is refused. Throws `conflict` with the id of the first job and the operation that continues it.
 */
export async function refuseSecondRun(tx: Tx, file: BatchFileRun | undefined): Promise<void> {
  if (!file?.carriedOut || file.another) return;
  for (const job of await tx.jobs.ofBatchFile(file.path)) {
    const next = await stepToContinue(tx, job);
    if (next === null) continue;
    const state = job.pauseReason ? `${job.status} (${job.pauseReason})` : job.status;
    throw new AbpError('conflict', `${file.path} is being run already: ${job.jobId} is ${state}.`, {
      hint: hint`${next}; abp run --new creates another job.`,
      details: { job_id: job.jobId, status: job.status },
    });
  }
}

/** Operation that continues a job, with its effect; null for a job that has ended or was never started. */
async function stepToContinue({ leases }: Tx, job: Job): Promise<Hint | null> {
  const { carriedOutBy: process_, status, test } = job;
  // An earlier job of this same process is no longer carried out.
  const isCarriedOut = process_ !== null && process_.pid !== process.pid && isStill(process_);
  const isEnumerating = status === 'enumerating' && executorState(await leases.get(job.jobId)) === 'alive';
  if (isCarriedOut || isEnumerating || needsExecutor(job))
    return hint`${mention('get_job_status', { wait_seconds: 30 })} follows it`;
  if (status === 'paused') return hint`${mention('resume_job')} continues it`;
  if (status === 'testing' && test?.state === 'passed')
    return hint`${mention('start_job', { approve: true })} approves its test`;
  return null;
}
