import { z } from 'zod';
import { ENDED, isOutputDue, type Job } from '../../domain/job.ts';
import type { Lease } from '../../domain/lease.ts';
import { MAX_WORKERS_CEILING } from '../../domain/limits.ts';
import { NOT_PAUSED } from '../../domain/rules/pause.ts';
import { type SilentExecutor, silentText } from '../../supervision/await-heartbeats.ts';
import { executorState } from '../../supervision/lease.ts';
import {
  type Call,
  changedMeanwhile,
  EVERYWHERE,
  NEXT_STEPS,
  type OrchestratorDeps,
  operation,
  RUN_UNITS_AGAIN,
  refuse,
  requireJob,
} from '../operation.ts';
import { jobStatus } from '../queries/job-status.ts';
import { jobId, jobStatusOutput } from '../shapes.ts';
import { requireAgreedSlots, requireAllowed } from './approval.ts';
import { launch, requireReady } from './executor-launch.ts';

/** Resumes a paused or lost job, and changes the number of slots of a running one. */
export const resumeJob = operation({
  name: 'resume_job',
  title: 'Resume a job',
  interfaces: EVERYWHERE,
  description:
    'Resumes a paused job, or one whose executor died; with max_workers it changes the number of slots, also while the job runs. Completed units are not run again; interrupted agents are continued where possible.',
  input: z.strictObject({
    job_id: jobId,
    max_workers: z
      .int()
      .min(1)
      .max(MAX_WORKERS_CEILING)
      .optional()
      .describe('Units that run at the same time, from now on'),
  }),
  output: jobStatusOutput,
  effect: 'destructive',
  openWorld: true,
  async run(deps, { job_id, max_workers }, call) {
    const { repository } = deps;
    const job = await requireJob(deps, job_id);
    const before = await repository.leases.get(job_id);
    const testing = job.status === 'testing' && job.test?.state === 'running';
    const outputDue = isOutputDue(job);
    if (job.status !== 'paused' && job.status !== 'running' && !testing && !outputDue) {
      const next = job.status === 'completed' || job.status === 'failed' ? RUN_UNITS_AGAIN : NEXT_STEPS;
      throw refuse(job, 'only a paused or lost job can be resumed', next);
    }
    const recordAgreement = max_workers === undefined ? null : await requireAgreedSlots(deps, job, max_workers, call);
    if (job.status === 'paused') await resume(deps, job);
    else if (!outputDue && executorState(await repository.leases.get(job_id)) !== 'alive') {
      await requireAllowed(deps, job);
      await requireReady(deps, job);
    }
    if (max_workers !== undefined && max_workers !== (await requireJob(deps, job_id)).maxWorkers) {
      await repository.transaction({ job: job_id }, async (tx) => {
        const now = await requireJob({ repository: tx }, job_id);
        if (ENDED.includes(now.status)) return;
        await recordAgreement?.(tx);
        await tx.jobs.patch(job_id, { maxWorkers: max_workers });
        await tx.events.add(job_id, { type: 'job:slots_changed', data: { max_workers } });
      });
    }
    await launch(deps, job);
    const seen = max_workers === undefined ? await checkHeartbeat(deps, job, before, call) : {};
    const status = await jobStatus(deps, await requireJob(deps, job_id));
    const { executor, message = status.message } = seen;
    return { ...status, ...(message ? { message } : {}), executor: { ...status.executor, ...executor } };
  },
});

/** Part of a call's time that is kept for replacing an executor, ms. */
const REPLACING_MS = 5_000;

/**
 * Checks the heartbeat of an executor that held the job before it was resumed and still holds it: a frozen executor has a
 * process, too. Returns the fields that the answer gets; none when it is alive or the job has a new executor.
 */
async function checkHeartbeat(
  { repository, launcher }: OrchestratorDeps,
  job: Job,
  before: Lease | null,
  { maxWaitMs, onProgress }: Call,
): Promise<{ readonly executor?: object; readonly message?: string }> {
  const { jobId } = job;
  if (!before || before.released || (await repository.leases.get(jobId))?.epoch !== before.epoch) return {};
  const onSilent = (silent: SilentExecutor) => onProgress?.({ done: 0, total: null, message: silentText(silent) });
  const found = await launcher.confirm(job, { maxWaitMs: Math.max(0, maxWaitMs - REPLACING_MS), onSilent });
  if (found === 'alive') return {};
  if (found === 'replaced') {
    return {
      executor: { replaced_pid: before.pid },
      message: `The previous executor (pid ${before.pid}) did not respond and was replaced.`,
    };
  }
  return { executor: { silent_s: Math.round(found.silentMs / 1000) }, message: silentText(found) };
}

async function resume(deps: OrchestratorDeps, job: Job): Promise<void> {
  const { repository } = deps;
  await requireAllowed(deps, job);
  await requireReady(deps, job);
  await repository.transaction({ job: job.jobId }, async (tx) => {
    const now = await requireJob({ repository: tx }, job.jobId);
    if (now.revision !== job.revision) throw changedMeanwhile(job);
    const revision = await tx.jobs.revision(now.jobId, now.revision);
    // A person says that the quota window is open: this opens it for all jobs with these workers.
    if (revision && now.pauseReason === 'usage_limit') {
      for (const { worker } of revision.steps) await tx.quotas.open(worker.type);
    }
    const patch = { ...NOT_PAUSED, executorsLost: 0 };
    // It may have been resumed by another call meanwhile: then it runs, as requested.
    if ((await tx.jobs.move(job.jobId, 'running', { from: ['paused'], patch })) === 'conflict') return;
    await tx.jobs.resetCircuitBreaker(job.jobId);
    await tx.events.add(job.jobId, { type: 'job:resumed' });
  });
}
