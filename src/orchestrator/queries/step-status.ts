import type { z } from 'zod';
import type { Job, Revision } from '../../domain/job.ts';
import { usd } from '../../domain/money.ts';
import { tallyOf } from '../../domain/rules/budget.ts';
import type { UnitsAtStep } from '../../domain/rules/circuit-breaker.ts';
import { type Step, stepAt, stepDirectory, stepsOf } from '../../domain/step.ts';
import type { Scope, Unit } from '../../domain/unit.ts';
import type { Repository } from '../../ports/repository.ts';
import type { stepStatusShape } from '../shapes.ts';

type StepStatus = z.input<typeof stepStatusShape>;

/** Returns the progress of the steps of a job; none for a job with one step. */
export async function stepStatuses(
  { jobs, units }: Pick<Repository, 'jobs' | 'units'>,
  job: Job,
): Promise<readonly StepStatus[]> {
  const { jobId } = job;
  const revision = await jobs.revision(jobId, job.revision);
  if (!revision || revision.steps.length < 2) return [];
  const tally = await jobs.tally(jobId);
  const counts = await units.stepCounts(jobId);
  const last = await units.get({ jobId, scope: 'job', index: 0 });
  const results = last ? [...(await units.resultsOf(last)).keys()] : [];
  const costOf = ({ scope }: Step, number: number) => usd(tallyOf(tally, scope, number).costUsd);
  return [
    ...stepsOf(revision, 'unit').map((step, number) => ({
      name: step.name,
      scope: step.scope,
      ...unitsAt(counts, number),
      cost_usd: costOf(step, number),
    })),
    ...stepsOf(revision, 'job').map((step, number) => ({
      name: step.name,
      scope: step.scope,
      ...jobStepStatus(job, last, results, number),
      output_directory: stepDirectory(job.outputDirectory, step),
      cost_usd: costOf(step, number),
    })),
  ];
}

/** Returns a job's steps of scope job in its current revision. */
export async function jobStepsOf(
  { jobs }: Pick<Repository, 'jobs'>,
  { jobId, revision: number }: Pick<Job, 'jobId' | 'revision'>,
): Promise<readonly Revision['steps'][number][]> {
  const revision = await jobs.revision(jobId, number);
  return revision ? stepsOf(revision, 'job') : [];
}

/** Names the step of an attempt or unit, in a job with several. */
export function stepNamed(
  revision: Pick<Revision, 'steps'> | null,
  at: { readonly scope: Scope; readonly step: number },
): { readonly step?: string } {
  return revision && revision.steps.length > 1 ? { step: stepAt(revision, at).name } : {};
}

function unitsAt(counts: readonly UnitsAtStep[], number: number) {
  const sum = (isCounted: (at: UnitsAtStep) => boolean) =>
    counts.filter(isCounted).reduce((total, at) => total + at.count, 0);
  const here = (status: Unit['status']) => sum((at) => at.step === number && at.status === status);
  return {
    pending: sum((at) => at.step < number && (at.status === 'pending' || at.status === 'running')) + here('pending'),
    running: here('running'),
    completed: sum((at) => at.step > number) + here('completed'),
    failed: here('failed'),
  };
}

function jobStepStatus({ status }: Job, last: Unit | null, results: readonly number[], number: number) {
  if (last?.step === number) {
    return { status: last.status, ...(last.failureMessage ? { message: last.failureMessage } : {}) };
  }
  if (results.includes(number)) return { status: 'completed' };
  const isOver = ['completed', 'failed', 'cancelled'].includes(status) || (last !== null && last.step > number);
  return { status: isOver ? 'skipped' : 'waiting' };
}
