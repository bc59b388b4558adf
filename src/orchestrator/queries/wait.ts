import type { Job } from '../../domain/job.ts';
import { unitsDone } from '../../domain/unit.ts';
import { type Call, type OrchestratorDeps, requireJob } from '../operation.ts';
import { changes } from './changes.ts';

/** What counts as news: a change of any of these ends a wait. */
async function newsOf({ repository }: OrchestratorDeps, job: Job): Promise<string> {
  const anyFailed = (await repository.units.counts(job.jobId)).failed > 0;
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
  const remainingMs = () => until - clock.monotonic();
  let job = await requireJob(deps, jobId);
  if (settled(job) || remainingMs() <= 0) return job;
  const before = await newsOf(deps, job);
  let reported = '';
  for await (const _ of changes(deps, call.signal, remainingMs)) {
    job = await requireJob(deps, jobId);
    if (settled(job) || (await newsOf(deps, job)) !== before || remainingMs() <= 0) break;
    const units = await repository.units.counts(jobId);
    const { total, running } = units;
    const done = unitsDone(units);
    const message = `${job.status}: ${done} of ${total} units done, ${running} at work`;
    if (message !== reported) call.onProgress?.({ done, total, message });
    reported = message;
  }
  return job;
}
