import { adviceIn, failureRule, type JobEffect } from '../domain/failure.ts';
import type { Job, JobTest } from '../domain/job.ts';
import type { OutputState } from '../domain/job-output.ts';
import { sentences } from '../domain/sentences.ts';
import { clampedEnd } from '../domain/time.ts';
import type { Stage, Unit, UnitCounts } from '../domain/unit.ts';
import type { Tx } from '../ports/repository.ts';
import type { ExecutorContext } from './context.ts';

/** Most executors that may die in one test; then it starts nothing more. */
const MAX_TEST_EXECUTORS = 2;
/** Advice for failures that fix themselves in the batch, but fail a test. */
const TEST_ADVICE: Partial<Record<JobEffect, string>> = {
  back_off: 'Later, start_job with again=true tries it again.',
  close_quota: 'Once the window has opened, start_job with again=true tries it again.',
};

/** Tells whether a test starts no more attempts because its executors keep dying. */
export function isTestGivenUp(test: JobTest | null): boolean {
  return test !== null && test.executorsLost >= MAX_TEST_EXECUTORS;
}

/**
 * Ends a test when all its units have ended, or when it is given up. `orphaned` attempts that have not ended are
 * settled first: they are paid for. One open transaction, compare-and-set on the job's status.
 */
export function finishTest(context: ExecutorContext, tx: Tx, job: Job, test: JobTest, orphaned: number): void {
  const units = test.units.map((index) => context.repository.units.get({ jobId: job.jobId, stage: 'main', index }));
  if (units.some((unit) => unit?.status === 'pending' || unit?.status === 'running')) {
    if (!isTestGivenUp(test) || orphaned > 0) return;
    failTest(
      context,
      tx,
      job,
      test,
      `The executor died twice during the test. Read ${context.places.log(job.jobId)}; start_job with again=true tries it again.`,
    );
    return;
  }
  const total = count(test.units.length, 'test unit');
  const failed = units.filter((unit) => unit?.status !== 'completed');
  if (failed.length === 0) endTest(context, tx, job, test, 'passed', `${total} completed.`);
  else
    failTest(
      context,
      tx,
      job,
      test,
      `${failed.length} of ${total} did not complete: ${reasonOf(context, job, failed[0])}`,
    );
}

function reasonOf({ repository }: ExecutorContext, job: Job, unit: Unit | null | undefined): string {
  if (!unit?.failureClass) return `${unit?.status ?? 'missing'}.`;
  const workerType = repository.jobs.revision(job.jobId, job.revision)?.worker.type;
  const { job: effect } = failureRule(unit.failureClass);
  const advice = TEST_ADVICE[effect] ?? adviceIn('testing', unit.failureClass, workerType, unit.index);
  return sentences(unit.failureMessage ?? unit.failureClass, advice);
}

/** Ends a test as failed, with a verdict for a person. */
export function failTest(context: ExecutorContext, tx: Tx, job: Job, test: JobTest, verdict: string): void {
  endTest(context, tx, job, test, 'failed', verdict);
}

function endTest(
  { repository, clock }: ExecutorContext,
  tx: Tx,
  job: Job,
  test: JobTest,
  state: 'passed' | 'failed',
  verdict: string,
): void {
  const ended = { ...test, state, verdict, endedAt: clampedEnd(test.startedAt, clock.now()) };
  if (repository.jobs.patch(tx, job.jobId, { test: ended }, ['testing']) === 'conflict') return;
  const type = state === 'passed' ? 'job:test_passed' : 'job:test_failed';
  repository.events.add(tx, job.jobId, { type, data: { verdict } });
}

/** Tells whether post-processing follows the main stage, whose units have all ended. */
export function wantsPostProcessing(job: Job, { failed }: UnitCounts): boolean {
  return job.postProcessing !== null && (failed === 0 || job.postProcessing.onFailures === 'run');
}

/** Ends the job after its main stage: no post-processing follows, or it could not start (`error`). */
export function finishMain(context: ExecutorContext, job: Job, error: string | null = null): void {
  const { failed, total } = context.repository.units.counts(job.jobId);
  const problems = [
    failed > 0 ? `${failed} of ${count(total, 'unit')} failed.` : null,
    failed > 0 && job.postProcessing && !error ? 'Post-processing was skipped.' : null,
    error,
  ];
  end(context, job, 'main', problems);
}

/** Ends the job after its post-processing unit. */
export function finishPost(context: ExecutorContext, job: Job): void {
  const { repository } = context;
  const post = repository.units.get({ jobId: job.jobId, stage: 'post', index: 0 });
  const { failed, total } = repository.units.counts(job.jobId);
  const reason = post?.failureMessage ? `: ${post.failureMessage}` : '';
  const problems = [
    failed > 0 ? `${failed} of ${count(total, 'unit')} failed.` : null,
    post?.status === 'completed' ? null : `Post-processing ${post?.status ?? 'is missing'}${reason}`,
  ];
  end(context, job, 'post', problems);
}

function end(context: ExecutorContext, job: Job, stage: Stage, problems: readonly (string | null)[]): void {
  const { repository, clock, lease } = context;
  const found = problems.filter((problem) => problem !== null);
  const to = found.length > 0 ? 'failed' : 'completed';
  const message = sentences(...found) || null;
  repository.transaction((tx) => {
    // Units may have been put back meanwhile, and the lease may be lost.
    const { pending, running } = repository.units.counts(job.jobId, stage);
    if (pending + running > 0 || !repository.leases.holds(tx, lease)) return;
    const { output = null, outputState = null } = repository.jobs.get(job.jobId) ?? {};
    const patch = {
      statusMessage: message,
      endedAt: clampedEnd(job.startedAt ?? job.createdAt, clock.now()),
      ...(output && { outputState: dueAfter(outputState), executorsLost: 0 }),
    };
    if (repository.jobs.move(tx, job.jobId, to, { from: [job.status], patch }) === 'conflict') return;
    const { completed, failed, skipped, cancelled } = repository.units.counts(job.jobId);
    repository.events.add(tx, job.jobId, {
      type: to === 'completed' ? 'job:completed' : 'job:failed',
      data: { completed, failed, skipped, cancelled, ...(message ? { message } : {}) },
    });
  });
}

/** Returns the state of an output that is due; an announced and unrecorded file stays known as the job's own. */
function dueAfter(before: OutputState | null): OutputState {
  return { state: 'due', sha256: before?.state === 'due' ? before.sha256 : null };
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
