import { AbpError, toAbpError } from '../../domain/error.ts';
import { isOutputDue, type Job, needsExecutor } from '../../domain/job.ts';
import type { RecordedNeeds } from '../../domain/needs.ts';
import { pausedFields } from '../../domain/rules/pause.ts';
import { refuseRecursion } from '../../domain/rules/recursion.ts';
import { sentences } from '../../domain/sentences.ts';
import { requireEnvironment } from '../../supervision/launch.ts';
import { executorState } from '../../supervision/lease.ts';
import { type OrchestratorDeps, requireJob } from '../operation.ts';
import { preflight } from '../queries/check-worker.ts';

/**
 * Requires that this machine and environment can run the job; throws before anything is written otherwise. Records the
 * programs, PATH and logins that its workers have here, which each later executor of the job needs, too.
 */
export async function requireReady(deps: OrchestratorDeps, job: Job): Promise<void> {
  refuseRecursion(deps.environment);
  requireEnvironment(job, deps.environment);
  const revision = await deps.repository.jobs.revision(job.jobId, job.revision);
  if (!revision) throw new AbpError('store', `${job.jobId} has no revision ${job.revision}.`);
  const searchPath = deps.environment.PATH ?? null;
  const needs: Record<string, RecordedNeeds> = {};
  for (const step of revision.steps) {
    await preflight(deps, step.worker);
    const { worker, config } = await deps.workers.parse(step.worker);
    needs[step.name] = { ...(await worker.needs(config, deps.environment)), searchPath };
  }
  await deps.repository.transaction({ job: job.jobId }, async (tx) => tx.jobs.setNeeds(job.jobId, job.revision, needs));
}

/**
 * Starts an executor for a job that is active now. When none can be started, pauses the job with the reason
 * (`worker_unavailable`), so that it does not wait in vain, and throws the error.
 */
export async function launch(deps: OrchestratorDeps, job: Job): Promise<void> {
  const { repository, launcher } = deps;
  try {
    await launcher.ensureExecutor(job);
  } catch (error) {
    const reason = 'worker_unavailable';
    const message = sentences(`No executor could be started: ${(error as Error).message}`);
    await repository.transaction({ job: job.jobId }, async (tx) => {
      const patch = pausedFields({ reason, message });
      if ((await tx.jobs.move(job.jobId, 'paused', { patch })) === 'conflict') return;
      await tx.events.add(job.jobId, { type: 'job:paused', data: { reason, message } });
    });
    throw error;
  }
}

/**
 * Releases a cancelled job: waits for a living executor to leave, or starts one for a lost job, to stop its remaining
 * agents.
 */
export async function releaseExecutor(deps: OrchestratorDeps, jobId: string): Promise<void> {
  if (executorState(await deps.repository.leases.get(jobId)) === 'alive') await deps.launcher.ensureReleased(jobId);
  else await recoverIfLost(deps, jobId);
}

/**
 * Starts an executor for a job that lost its own and either continues without a person or still has running attempts. Does
 * nothing where the worker's variables are not set: the status of the job shows that it is lost.
 */
export async function recoverIfLost(deps: OrchestratorDeps, jobId: string): Promise<void> {
  const { repository, launcher } = deps;
  const job = await requireJob(deps, jobId);
  if (!needsExecutor(job) && !isOutputDue(job) && (await repository.attempts.running(jobId)).length === 0) return;
  if (executorState(await repository.leases.get(jobId)) === 'alive') return;
  try {
    await launcher.ensureExecutor(job);
  } catch (error) {
    if (toAbpError(error).code !== 'environment') throw error;
  }
}
