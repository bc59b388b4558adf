import { AbpError, toAbpError } from '../domain/error.ts';
import { isOutputDue, type Job, needsExecutor } from '../domain/job.ts';
import { sentences } from '../domain/sentences.ts';
import { refuseRecursion, requireEnvironment } from '../supervision/launch.ts';
import { executorState } from '../supervision/lease.ts';
import { type OrchestratorDeps, requireJob } from './operation.ts';
import { preflight } from './settings.ts';

/**
 * Refuses, before anything is written, a job that could not be worked on here: recursion, environment, worker. For one that
 * can, what its worker is found with here is recorded: whoever goes on with the job needs the same.
 */
export async function requireReady(deps: OrchestratorDeps, job: Job): Promise<void> {
  refuseRecursion(deps.environment);
  requireEnvironment(job, deps.environment);
  const revision = deps.repository.jobs.revision(job.jobId, job.revision);
  if (!revision) throw new AbpError('store', `${job.jobId} has no revision ${job.revision}.`);
  await preflight(deps, revision.worker);
  const { worker, config } = await deps.workers.parse(revision.worker);
  const needs = await worker.needs(config, deps.environment);
  const searchPath = deps.environment.PATH ?? null;
  deps.repository.transaction((tx) =>
    deps.repository.jobs.setNeeds(tx, job.jobId, job.revision, { ...needs, searchPath }),
  );
}

/**
 * Gets an executor for a job that has just been put to work. When none can be started the job is paused with the reason,
 * so that it does not wait for one that never comes, and the error comes out.
 */
export async function launch(deps: OrchestratorDeps, job: Job): Promise<void> {
  const { repository, launcher } = deps;
  try {
    await launcher.ensureExecutor(job);
  } catch (error) {
    const reason = 'worker_unavailable';
    const message = sentences(
      `No executor could be started: ${(error as Error).message}`,
      'Fix that, then resume_job.',
    );
    await repository.turn();
    repository.transaction((tx) => {
      const patch = { pauseReason: reason, pauseMode: 'soft', statusMessage: message } as const;
      if (repository.jobs.move(tx, job.jobId, 'paused', { patch }) === 'conflict') return;
      repository.events.add(tx, job.jobId, { type: 'job:paused', data: { reason, message } });
    });
    throw error;
  }
}

/** After a cancellation: gets a lost job somebody who stops what is left, and sees to it that a living executor lets go. */
export async function releaseExecutor(deps: OrchestratorDeps, jobId: string): Promise<void> {
  if (executorState(deps.repository.leases.get(jobId)) === 'alive') await deps.launcher.ensureReleased(jobId);
  else await recoverIfLost(deps, jobId);
}

/**
 * Control verbs recover: gets another executor for a job that has lost its own and goes on by itself, or has agents that
 * outlived it. Where the worker's variables are not set nothing happens: the job's status says that it is lost.
 */
export async function recoverIfLost(deps: OrchestratorDeps, jobId: string): Promise<void> {
  const { repository, launcher } = deps;
  const job = requireJob(deps, jobId);
  if (!needsExecutor(job) && !isOutputDue(job) && repository.attempts.running(jobId).length === 0) return;
  if (executorState(repository.leases.get(jobId)) === 'alive') return;
  try {
    await launcher.ensureExecutor(job);
  } catch (error) {
    if (toAbpError(error).code !== 'environment') throw error;
  }
}
