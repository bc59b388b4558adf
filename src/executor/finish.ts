import type { Job } from '../domain/job.ts';
import { endOfJob } from '../domain/rules/end-of-job.ts';
import { endedTest, type TestVerdict, verdictOfTest } from '../domain/rules/test.ts';
import { stepsOf } from '../domain/step.ts';
import type { Scope } from '../domain/unit.ts';
import type { Tx } from '../ports/repository.ts';
import type { ExecutorContext, LoadedRevision } from './context.ts';

/**
 * Ends a test when all its units have ended, or when it is given up; `orphaned` attempts have not ended yet. One open
 * transaction, compare-and-set on the job's status.
 */
export async function finishTest(context: ExecutorContext, tx: Tx, job: Job, orphaned: number): Promise<void> {
  const { jobId, test } = job;
  if (test?.state !== 'running') return;
  const units = await Promise.all(test.units.map((index) => tx.units.get({ jobId, scope: 'unit', index })));
  const ended = verdictOfTest({ test, units, orphaned, log: context.places.log(jobId) });
  if (ended) await endTest(context, tx, job, ended);
}

/** Ends the test of a job with a verdict for a person. One open transaction. */
export async function endTest(
  { clock }: ExecutorContext,
  tx: Tx,
  { jobId, test }: Job,
  ended: TestVerdict,
): Promise<void> {
  if (!test) return;
  const patch = { test: endedTest(test, ended, clock.now()) };
  if ((await tx.jobs.patch(jobId, patch, ['testing'])) === 'conflict') return;
  await tx.events.add(jobId, { type: `job:test_${ended.state}`, data: { verdict: ended.verdict } });
}

/** Ends the job after the steps of a scope; `error` = why its steps of scope job could not begin. */
export async function finishScope(
  { repository, clock, lease }: ExecutorContext,
  { jobId, status }: Job,
  { revision }: LoadedRevision,
  scope: Scope,
  error: string | null,
): Promise<void> {
  await repository.transaction({ job: jobId }, async (tx) => {
    // Units may have been put back meanwhile, and the lease may be lost.
    const { pending, running } = await tx.units.counts(jobId, scope);
    const job = await tx.jobs.get(jobId);
    if (!job || pending + running > 0 || !(await tx.leases.holds(lease))) return;
    const counts = await tx.units.counts(jobId);
    const last = await tx.units.get({ jobId, scope: 'job', index: 0 });
    const facts = { job, scope, counts, jobSteps: stepsOf(revision, 'job'), last, error };
    const { to, message, patch } = endOfJob(facts, clock.now());
    if ((await tx.jobs.move(jobId, to, { from: [status], patch })) === 'conflict') return;
    // They were to run again, over results that were put back and then failed.
    if (scope === 'unit') await tx.units.moveMany(jobId, { scope: 'job', statuses: ['pending'] }, 'skipped', 1);
    const { completed, failed, skipped, cancelled } = counts;
    const data = { completed, failed, skipped, cancelled, ...(message ? { message } : {}) };
    await tx.events.add(jobId, { type: `job:${to}`, data });
  });
}
