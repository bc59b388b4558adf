import { rm } from 'node:fs/promises';
import { z } from 'zod';
import type { AbpError } from '../../domain/error.ts';
import { hint, mention } from '../../domain/hint.ts';
import { isExecuting, type Job } from '../../domain/job.ts';
import { executorState } from '../../supervision/lease.ts';
import { deleteInChunks, withReserve } from '../../supervision/reclaim.ts';
import { EVERYWHERE, type OrchestratorDeps, operation, refuse, requireJob } from '../operation.ts';
import { jobId } from '../shapes.ts';

/** Time that an executor of an ended job has to release its lease, ms. */
const RELEASE_MS = 3000;
const POLL_MS = 50;

/** Deletes a job with everything that ABP stores about it. */
export const deleteJob = operation({
  name: 'delete_job',
  title: 'Delete a job',
  interfaces: EVERYWHERE,
  description:
    'Deletes a job permanently: its units, results, history, run directories and log. Files that agents wrote into their output directory stay. Export results first. Refused while its executor or one of its agents is alive.',
  input: z.strictObject({ job_id: jobId }),
  output: z.looseObject({
    job_id: z.string(),
    deleted: z.boolean(),
    units: z.int(),
    output: z.object({ directory: z.string() }),
  }),
  effect: 'destructive',
  async run(deps, { job_id }) {
    const { repository, places } = deps;
    const job = await requireJob(deps, job_id);
    const requireIdle = (now: Job) => {
      if (now.status === 'enumerating' || isExecuting(now)) throw refuseActive(now);
    };
    requireIdle(job);
    await waitForRelease(deps, job_id);
    const { total } = await repository.units.counts(job_id);
    await withReserve(repository, () =>
      repository.transaction({ job: job_id }, async (tx) => {
        // Checked again inside the transaction: the job may have been resumed. An executor that starts later finds no job.
        const now = await requireJob({ repository: tx }, job_id);
        requireIdle(now);
        if (executorState(await tx.leases.get(job_id)) === 'alive') throw refuseActive(now);
        if ((await tx.attempts.running(job_id)).length > 0) throw refuseActive(now);
        await tx.jobs.markDeleting(job_id);
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
      output: { directory: job.outputDirectory },
    };
  },
});

/** Refuses an active job, with the calls that stop it in its present state. */
function refuseActive(job: Job): AbpError {
  switch (job.status) {
    case 'enumerating':
      return refuse(
        job,
        'its units are still being stored',
        hint`${mention('cancel_job')} stops that and removes the job.`,
      );
    case 'testing':
      return refuse(
        job,
        'its test is running',
        hint`Use ${mention('cancel_job')}, or wait until the test has ended; then delete it.`,
      );
    case 'running':
      return refuse(
        job,
        'it is active',
        hint`Use ${mention('cancel_job')} or ${mention('pause_job')} first, then delete it.`,
      );
    case 'paused':
      return refuse(
        job,
        'some of its agents are still running',
        hint`Wait for them, or use ${mention('pause_job', { hard: true })}; then delete it.`,
      );
    default:
      return refuse(job, 'its executor or an agent has not ended yet', 'Delete it again in a moment.');
  }
}

/** Waits until the executor of a job that has just ended releases its lease, at most `RELEASE_MS`. */
async function waitForRelease({ repository, clock }: OrchestratorDeps, jobId: string): Promise<void> {
  const until = clock.monotonic() + RELEASE_MS;
  while (executorState(await repository.leases.get(jobId)) === 'alive' && clock.monotonic() < until) {
    await clock.sleep(POLL_MS);
  }
}
