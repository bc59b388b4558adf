import { advised } from '../../domain/advice.ts';
import { adviceIn, type FailureClass, failureRule } from '../../domain/failure.ts';
import type { Hint } from '../../domain/hint.ts';
import { type Job, PAUSE_REASONS } from '../../domain/job.ts';
import { stepAt } from '../../domain/step.ts';
import type { Unit } from '../../domain/unit.ts';
import type { Repository } from '../../ports/repository.ts';

type Deps = { readonly repository: Pick<Repository, 'jobs' | 'units'> };

/** Advice about a pause, by the failure class that caused it, else by its reason; null = the job is not paused. */
export async function pauseAdvice({ repository }: Deps, job: Job): Promise<Hint | null> {
  const { jobId, pauseReason, pauseClass } = job;
  if (job.status !== 'paused' || pauseReason === null) return null;
  if (pauseClass === null) return advised(PAUSE_REASONS[pauseReason].advice, job.status);
  const [example] = await repository.units.list(jobId, { failureClass: pauseClass }, 1);
  return (await classWords({ repository }, job, pauseClass, example?.unit)).advice;
}

/** Advice about a failed test that waits for a decision, by what stopped it, else by its first failed unit; null = none. */
export async function testAdvice({ repository }: Deps, job: Job): Promise<Hint | null> {
  const { jobId, test, status } = job;
  if (status !== 'testing' || test?.state !== 'failed') return null;
  if (test.stoppedBy !== undefined) return advised(PAUSE_REASONS[test.stoppedBy].advice, status);
  for (const index of test.units) {
    const unit = await repository.units.get({ jobId, scope: 'unit', index });
    if (unit?.status !== 'completed')
      return unit?.failureClass ? (await classWords({ repository }, job, unit.failureClass, unit)).advice : null;
  }
  return null;
}

/**
 * Meaning of a failure class and advice about it, in the current state and revision of a job, for the worker of the step at
 * which `example` failed: the unit whose log is worth a look. The unit of scope job has no such log to show.
 */
export async function classWords(
  { repository }: Deps,
  job: Job,
  failureClass: FailureClass,
  example: Pick<Unit, 'scope' | 'step' | 'index'> | null | undefined,
): Promise<{ readonly meaning: string; readonly advice: Hint }> {
  const revision = await repository.jobs.revision(job.jobId, job.revision);
  const step = revision && stepAt(revision, example ?? { scope: 'unit', step: 0 });
  const { meaning } = failureRule(failureClass, step?.worker.type);
  const shown = example?.scope === 'unit' ? example.index : undefined;
  return { meaning, advice: adviceIn(job.status, failureClass, step?.worker.type, shown) };
}

/** The same for a unit of the source by its index. */
export async function wordsAbout(
  deps: Deps,
  job: Job,
  failureClass: FailureClass,
  index: number | undefined,
): Promise<{ readonly meaning: string; readonly advice: Hint }> {
  const unit = index === undefined ? null : await deps.repository.units.get({ jobId: job.jobId, scope: 'unit', index });
  return classWords(deps, job, failureClass, unit);
}
