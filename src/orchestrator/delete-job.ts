import { rm } from 'node:fs/promises';
import { z } from 'zod';
import type { AbpError } from '../domain/error.ts';
import { isExecuting, type Job } from '../domain/job.ts';
import { executorState } from '../supervision/lease.ts';
import { deleteInChunks, withReserve } from '../supervision/reclaim.ts';
import { type OrchestratorDeps, operation, refuse, requireJob } from './operation.ts';
import { jobId } from './shapes.ts';

/** How long an executor that is leaving may take to let go, ms. */
const RELEASE_MS = 3000;
const LOOK_MS = 50;

/** Deletes a job with all that ABP keeps of it. */
export const deleteJob = operation({
  name: 'delete_job',
  title: 'Delete a job',
  description:
    'Deletes a job for good: its units, results, history, run directories and log. Files that agents wrote into their output directory stay. Export results first. Refused while an executor or an agent of it lives.',
  input: z.strictObject({ job_id: jobId }),
  output: z.looseObject({ job_id: z.string(), deleted: z.boolean(), units: z.int(), output_directory: z.string() }),
  effect: 'destructive',
  async run(deps, { job_id }) {
    const { repository, places } = deps;
    const job = requireJob(deps, job_id);
    const requireRest = (now: Job) => {
      if (now.status === 'enumerating' || isExecuting(now)) throw stillAtWork(now);
    };
    requireRest(job);
    await waitForRelease(deps, job_id);
    const { total } = repository.units.counts(job_id);
    await repository.turn();
    withReserve(repository, () =>
      repository.transaction((tx) => {
        // Looked at inside: somebody may have resumed it meanwhile; an executor that starts now finds the job gone.
        const now = requireJob(deps, job_id);
        requireRest(now);
        if (executorState(repository.leases.get(job_id)) === 'alive') throw stillAtWork(now);
        if (repository.attempts.running(job_id).length > 0) throw stillAtWork(now);
        repository.jobs.markDeleting(tx, job_id);
      }),
    );
    await deleteInChunks(repository, job_id);
    await rm(places.runs(job_id), { recursive: true, force: true });
    await rm(places.owners(job_id), { recursive: true, force: true });
    await rm(places.log(job_id), { force: true });
    await rm(`${places.log(job_id)}.1`, { force: true });
    return {
      job_id,
      deleted: true,
      units: total,
      output_directory: job.outputDirectory,
      next: [{ tool: 'list_jobs', arguments: {}, why: 'shows the jobs that are left' }],
    };
  },
});

/** Names what takes a job in this very state to rest: a verb that it refuses would help nobody. */
function stillAtWork(job: Job): AbpError {
  switch (job.status) {
    case 'enumerating':
      return refuse(job, 'its units are still being stored', 'cancel_job ends that and removes it.');
    case 'testing':
      return refuse(job, 'it is at work', 'cancel_job first, or wait until its test has ended; then delete it.');
    case 'running':
    case 'post_processing':
      return refuse(job, 'it is at work', 'cancel_job or pause_job first, then delete it.');
    case 'paused':
      return refuse(
        job,
        'agents of it are still at work',
        'Wait for them, or pause_job with hard=true; then delete it.',
      );
    default:
      return refuse(job, 'its executor or an agent has not ended yet', 'Delete it again in a moment.');
  }
}

/** A job that has just ended is let go a moment later: whoever deletes it then need not ask twice. */
async function waitForRelease({ repository, clock }: OrchestratorDeps, jobId: string): Promise<void> {
  const until = clock.monotonic() + RELEASE_MS;
  while (executorState(repository.leases.get(jobId)) === 'alive' && clock.monotonic() < until) {
    await clock.sleep(LOOK_MS);
  }
}
