import { z } from 'zod';
import { hint, mention } from '../../domain/hint.ts';
import { cancelledFields } from '../../domain/rules/end-of-job.ts';
import { deleteInChunks, withReserve } from '../../supervision/reclaim.ts';
import { EVERYWHERE, operation, refuse, requireJob } from '../operation.ts';
import { jobStatus } from '../queries/job-status.ts';
import { jobId, jobStatusOutput } from '../shapes.ts';
import { releaseExecutor } from './executor-launch.ts';
import { markEnumerating } from './mark-enumerating.ts';

const WITHDRAW_CHUNK = 5000;

/** Cancels a job permanently; changes nothing when it is cancelled already. */
export const cancelJob = operation({
  name: 'cancel_job',
  title: 'Cancel a job',
  interfaces: EVERYWHERE,
  description:
    'Cancels a job permanently: running units are stopped, pending ones are cancelled, results so far can be exported. This cannot be undone: when in doubt, use pause_job. A job whose units are still being stored is removed.',
  input: z.strictObject({ job_id: jobId }),
  output: jobStatusOutput,
  effect: 'destructive',
  async run(deps, { job_id }) {
    const { repository, clock } = deps;
    const job = await requireJob(deps, job_id);
    if (job.status === 'completed' || job.status === 'failed') {
      throw refuse(
        job,
        'only a job that has not ended can be cancelled',
        hint`${mention('delete_job')} removes it with its results.`,
      );
    }
    const before = await jobStatus(deps, job);
    if (job.status === 'enumerating') {
      // Its creator notices with its next chunk that the job is deleted. One that is stored meanwhile is cancelled as any.
      const marked = await withReserve(repository, () =>
        repository.transaction({ job: job_id }, (tx) => markEnumerating(tx, job_id)),
      );
      if (marked === 'marked') {
        await deleteInChunks(repository, job_id);
        return { ...before, status: 'cancelled' as const, removed: true };
      }
    }
    await repository.transaction({ job: job_id }, async (tx) => {
      const now = await requireJob({ repository: tx }, job_id);
      if (now.status === 'cancelled') return;
      const patch = cancelledFields(now, clock.now());
      if ((await tx.jobs.move(job_id, 'cancelled', { patch })) === 'conflict') {
        throw refuse(now, 'it has just ended', hint`${mention('delete_job')} removes it with its results.`);
      }
      for (const scope of ['unit', 'job'] as const) {
        await tx.units.moveMany(job_id, { scope, statuses: ['running'] }, 'cancelled', WITHDRAW_CHUNK);
      }
      await tx.events.add(job_id, { type: 'job:cancelled' });
    });
    while (
      (await repository.transaction({ job: job_id }, async (tx) => tx.dispatcher.withdraw(job_id, WITHDRAW_CHUNK))) > 0
    ) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    await releaseExecutor(deps, job_id);
    return jobStatus(deps, await requireJob(deps, job_id));
  },
});
