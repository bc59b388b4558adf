import { z } from 'zod';
import { pausedByUser } from '../../domain/rules/pause.ts';
import { EVERYWHERE, NEXT_STEPS, operation, refuse, requireJob } from '../operation.ts';
import { jobStatus } from '../queries/job-status.ts';
import { jobId, jobStatusOutput } from '../shapes.ts';
import { recoverIfLost } from './executor-launch.ts';

/** Pauses a job; changes nothing when a person paused it already. */
export const pauseJob = operation({
  name: 'pause_job',
  title: 'Pause a job',
  interfaces: EVERYWHERE,
  description:
    'Pauses a running job: no further unit starts; running units finish, or with hard=true are interrupted and put back to pending. Nothing is lost; resume_job continues the job.',
  input: z.strictObject({
    job_id: jobId,
    hard: z.boolean().optional().describe('Interrupt running units'),
  }),
  output: jobStatusOutput,
  effect: 'write',
  async run(deps, { job_id, hard = false }) {
    const { repository } = deps;
    const job = await requireJob(deps, job_id);
    if (job.status !== 'running' && job.status !== 'paused') {
      throw refuse(job, 'only a running job can be paused', NEXT_STEPS);
    }
    await repository.transaction({ job: job_id }, async (tx) => {
      const now = await requireJob({ repository: tx }, job_id);
      const patch = pausedByUser(now, hard);
      if (!patch) return;
      if (
        (await tx.jobs.move(job_id, 'paused', { patch })) === 'conflict' &&
        (await tx.jobs.patch(job_id, patch, ['paused'])) === 'conflict'
      ) {
        throw refuse(now, 'it has just ended', NEXT_STEPS);
      }
      await tx.events.add(job_id, { type: 'job:paused', data: { reason: 'user', mode: patch.pauseMode } });
    });
    await recoverIfLost(deps, job_id);
    return jobStatus(deps, await requireJob(deps, job_id));
  },
});
