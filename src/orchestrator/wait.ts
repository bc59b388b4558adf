import type { Job } from '../domain/job.ts';
import { unitsDone } from '../domain/unit.ts';
import { type Call, type OrchestratorDeps, requireJob } from './operation.ts';

const LOOK_MS = 100;

/** What counts as news: a change of any of these ends a wait. */
function newsOf(deps: OrchestratorDeps, job: Job): string {
  const anyFailed = deps.repository.units.counts(job.jobId).failed > 0;
  return JSON.stringify([job.status, job.pauseReason, job.test?.state ?? null, anyFailed]);
}

/**
 * Waits until there is news of a job, at most `seconds` and never beyond the patience of the caller; returns the job then.
 * `settled` says when there is nothing to wait for.
 */
export async function waitForChange(
  deps: OrchestratorDeps,
  jobId: string,
  seconds: number,
  call: Call,
  settled: (job: Job) => boolean,
): Promise<Job> {
  const { clock, repository } = deps;
  const until = clock.monotonic() + Math.min(seconds * 1000, call.maxWaitMs);
  let job = requireJob(deps, jobId);
  const before = newsOf(deps, job);
  let told = '';
  while (!settled(job) && newsOf(deps, job) === before && clock.monotonic() < until && !call.signal?.aborted) {
    const units = repository.units.counts(jobId);
    const { total, running } = units;
    const done = unitsDone(units);
    const message = `${job.status}: ${done} of ${total} units done, ${running} at work`;
    if (message !== told) call.onProgress?.({ done, total, message });
    told = message;
    await clock.sleep(Math.min(LOOK_MS, Math.max(1, until - clock.monotonic())), call.signal);
    job = requireJob(deps, jobId);
  }
  return job;
}
