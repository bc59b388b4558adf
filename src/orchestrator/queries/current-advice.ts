import { advised } from '../../domain/advice.ts';
import { adviceIn, type FailureClass } from '../../domain/failure.ts';
import type { Hint } from '../../domain/hint.ts';
import { type Job, PAUSE_REASONS } from '../../domain/job.ts';
import type { Repository } from '../../ports/repository.ts';

type Deps = { readonly repository: Pick<Repository, 'jobs' | 'units'> };

/** Advice about a pause, by the failure class that caused it, else by its reason; null = the job is not paused. */
export async function pauseAdvice({ repository }: Deps, job: Job): Promise<Hint | null> {
  const { jobId, pauseReason, pauseClass } = job;
  if (job.status !== 'paused' || pauseReason === null) return null;
  if (pauseClass === null) return advised(PAUSE_REASONS[pauseReason].advice, job.status);
  const [example] = await repository.units.list(jobId, { failureClass: pauseClass }, 1);
  return classAdvice({ repository }, job, pauseClass, example?.unit.index);
}

/** Advice about a failed test that waits for a decision, by what stopped it, else by its first failed unit; null = none. */
export async function testAdvice({ repository }: Deps, job: Job): Promise<Hint | null> {
  const { jobId, test, status } = job;
  if (status !== 'testing' || test?.state !== 'failed') return null;
  if (test.stoppedBy !== undefined) return advised(PAUSE_REASONS[test.stoppedBy].advice, status);
  for (const index of test.units) {
    const unit = await repository.units.get({ jobId, stage: 'main', index });
    if (unit?.status !== 'completed')
      return unit?.failureClass ? classAdvice({ repository }, job, unit.failureClass, index) : null;
  }
  return null;
}

/** Advice about a failure class in the current state and revision of a job; `unit` is the one whose log is worth a look. */
export async function classAdvice(
  { repository }: Pick<Deps, 'repository'>,
  job: Job,
  failureClass: FailureClass,
  unit: number | undefined,
): Promise<Hint> {
  const revision = await repository.jobs.revision(job.jobId, job.revision);
  const at = unit === undefined ? null : await repository.units.get({ jobId: job.jobId, stage: 'main', index: unit });
  const workerType = revision?.steps[at?.step ?? 0]?.worker.type;
  return adviceIn(job.status, failureClass, workerType, unit);
}
