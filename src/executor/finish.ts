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
export async function finishTest(
  context: ExecutorContext,
  tx: Tx,
  job: Job,
  test: JobTest,
  orphaned: number,
): Promise<void> {
  const units = await Promise.all(test.units.map((index) => tx.units.get({ jobId: job.jobId, stage: 'main', index })));
  if (units.some((unit) => unit?.status === 'pending' || unit?.status === 'running')) {
    if (!isTestGivenUp(test) || orphaned > 0) return;
    await failTest(
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
  if (failed.length === 0) await endTest(context, tx, job, test, 'passed', `${total} completed.`);
  else
    await failTest(
      context,
      tx,
      job,
      test,
      `${failed.length} of ${total} did not complete: ${await reasonOf(tx, job, failed[0])}`,
    );
}

async function reasonOf({ jobs }: Tx, job: Job, unit: Unit | null | undefined): Promise<string> {
  if (!unit?.failureClass) return `${unit?.status ?? 'missing'}.`;
  const workerType = (await jobs.revision(job.jobId, job.revision))?.worker.type;
  const { job: effect } = failureRule(unit.failureClass);
  const advice = TEST_ADVICE[effect] ?? adviceIn('testing', unit.failureClass, workerType, unit.index);
  return sentences(unit.failureMessage ?? unit.failureClass, advice);
}

/** Ends a test as failed, with a verdict for a person. */
export async function failTest(
  context: ExecutorContext,
  tx: Tx,
  job: Job,
  test: JobTest,
  verdict: string,
): Promise<void> {
  await endTest(context, tx, job, test, 'failed', verdict);
}

async function endTest(
  { clock }: ExecutorContext,
  tx: Tx,
  job: Job,
  test: JobTest,
  state: 'passed' | 'failed',
  verdict: string,
): Promise<void> {
  const ended = { ...test, state, verdict, endedAt: clampedEnd(test.startedAt, clock.now()) };
  if ((await tx.jobs.patch(job.jobId, { test: ended }, ['testing'])) === 'conflict') return;
  const type = state === 'passed' ? 'job:test_passed' : 'job:test_failed';
  await tx.events.add(job.jobId, { type, data: { verdict } });
}

/** Tells whether post-processing follows the main stage, whose units have all ended. */
export function wantsPostProcessing(job: Job, { failed }: UnitCounts): boolean {
  return job.postProcessing !== null && (failed === 0 || job.postProcessing.onFailures === 'run');
}

/** Ends the job after its main stage: no post-processing follows, or it could not start (`error`). */
export async function finishMain(context: ExecutorContext, job: Job, error: string | null = null): Promise<void> {
  await end(context, job, 'main', ({ failed, total }) => [
    failed > 0 ? `${failed} of ${count(total, 'unit')} failed.` : null,
    failed > 0 && job.postProcessing && !error ? 'Post-processing was skipped.' : null,
    error,
  ]);
}

/** Ends the job after its post-processing unit. */
export async function finishPost(context: ExecutorContext, job: Job): Promise<void> {
  await end(context, job, 'post', ({ failed, total }, post) => {
    const reason = post?.failureMessage ? `: ${post.failureMessage}` : '';
    return [
      failed > 0 ? `${failed} of ${count(total, 'unit')} failed.` : null,
      post?.status === 'completed' ? null : `Post-processing ${post?.status ?? 'is missing'}${reason}`,
    ];
  });
}

async function end(
  { repository, clock, lease }: ExecutorContext,
  job: Job,
  stage: Stage,
  problemsOf: (main: UnitCounts, post: Unit | null) => readonly (string | null)[],
): Promise<void> {
  await repository.transaction({ job: job.jobId }, async (tx) => {
    // Units may have been put back meanwhile, and the lease may be lost.
    const { pending, running } = await tx.units.counts(job.jobId, stage);
    if (pending + running > 0 || !(await tx.leases.holds(lease))) return;
    const counts = await tx.units.counts(job.jobId);
    const post = await tx.units.get({ jobId: job.jobId, stage: 'post', index: 0 });
    const found = problemsOf(counts, post).filter((problem) => problem !== null);
    const to = found.length > 0 ? 'failed' : 'completed';
    const message = sentences(...found) || null;
    const { output = null, outputState = null } = (await tx.jobs.get(job.jobId)) ?? {};
    const patch = {
      statusMessage: message,
      endedAt: clampedEnd(job.startedAt ?? job.createdAt, clock.now()),
      ...(output && { outputState: dueAfter(outputState), executorsLost: 0 }),
    };
    if ((await tx.jobs.move(job.jobId, to, { from: [job.status], patch })) === 'conflict') return;
    const { completed, failed, skipped, cancelled } = counts;
    await tx.events.add(job.jobId, {
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
