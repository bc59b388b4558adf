import { hint, using } from '../../domain/hint.ts';
import type { Job } from '../../domain/job.ts';
import type { JsonObject } from '../../domain/json.ts';
import { newTest, spreadOver } from '../../domain/rules/test.ts';
import type { Tx } from '../../ports/repository.ts';
import { changedMeanwhile, type OrchestratorDeps, refuse, requireJob } from '../operation.ts';
import { requireAllowed, takeTest } from './approval.ts';
import { requireReady } from './executor-launch.ts';

/** Starts the test of a created job. Throws `conflict`, `approval_required`, and as `requireReady`. */
export async function beginTest(deps: OrchestratorDeps, job: Job): Promise<void> {
  const { repository } = deps;
  const allowed = await requireAllowed(deps, job);
  await requireReady(deps, job);
  await repository.transaction({ job: job.jobId }, async (tx) => {
    if ((await requireJob({ repository: tx }, job.jobId)).revision !== job.revision) throw changedMeanwhile(job);
    const units = await testUnits(tx, job);
    if (units.length === 0) {
      throw refuse(
        job,
        'it has no pending unit to test',
        hint`Reopen units ${using('manage_units', { action: 'reopen' })} first.`,
      );
    }
    if (allowed !== null) await takeTest(tx, job, allowed);
    await moveToTesting(deps, tx, job, units, {});
  });
  await launchTest(deps, job);
}

/**
 * Starts a failed test again with the same units: their retries start at zero, their attempts stay in the history. A job that
 * needs a person needs another approval for it (see `approvalState`).
 */
export async function testAgain(deps: OrchestratorDeps, job: Job): Promise<void> {
  const { repository } = deps;
  const allowed = await requireAllowed(deps, job);
  await requireReady(deps, job);
  await repository.transaction({ job: job.jobId }, async (tx) => {
    const now = await requireJob({ repository: tx }, job.jobId);
    // Another call decided about the test, or repeated it, meanwhile.
    if (now.test?.state !== 'failed' || now.test.startedAt !== job.test?.startedAt) throw changedMeanwhile(job);
    if (allowed !== null) await takeTest(tx, now, allowed);
    await putBackUnits(tx, now);
    await moveToTesting(deps, tx, now, now.test.units, { again: true });
  });
  await launchTest(deps, job);
}

async function moveToTesting(
  { clock }: OrchestratorDeps,
  tx: Tx,
  job: Job,
  units: readonly number[],
  data: JsonObject,
): Promise<void> {
  const test = newTest(units, clock.now());
  if ((await tx.jobs.move(job.jobId, 'testing', { from: ['created'], patch: { test } })) === 'conflict')
    throw changedMeanwhile(job);
  await tx.events.add(job.jobId, { type: 'job:test_started', data: { units, ...data } });
}

/** Starts an executor for a new test; when none can be started, puts the job back to `created` and throws. */
async function launchTest(deps: OrchestratorDeps, job: Job): Promise<void> {
  const { repository } = deps;
  try {
    await deps.launcher.ensureExecutor(job);
  } catch (error) {
    // A late executor, on a very busy machine, finds no test and leaves.
    await repository.transaction({ job: job.jobId }, async (tx) => {
      const now = await requireJob({ repository: tx }, job.jobId);
      const note = `no executor could be started: ${(error as Error).message}`;
      if (now.status !== 'testing') return;
      await discardTest(tx, now, note);
    });
    throw error;
  }
}

/**
 * Discards a test, running or ended: its units are pending again with their retries at zero, its attempts stay in the
 * history. A job that needs a person needs another approval for its next test. `job` is as read in the open transaction.
 */
export async function discardTest(tx: Tx, job: Job, note: string | undefined): Promise<void> {
  await putBackUnits(tx, job);
  await tx.events.add(job.jobId, { type: 'job:rejected', data: note ? { note } : {} });
}

async function putBackUnits(tx: Tx, job: Job): Promise<void> {
  if ((await tx.jobs.move(job.jobId, 'created', { from: ['testing'], patch: { test: null } })) === 'conflict')
    throw changedMeanwhile(job);
  await tx.units.restart(job.jobId, 'unit', job.test?.units ?? [], 0);
}

/** Chooses test units spread evenly over the source: first, last and between; replaces those that are not pending. */
async function testUnits(tx: Tx, { jobId, testUnits: asked, totalUnits }: Job): Promise<readonly number[]> {
  // A job without a test has none: one that is asked for all the same takes one unit.
  const wanted = Math.max(1, asked);
  const pendingFrom = async (index: number, limit: number) =>
    (await tx.units.list(jobId, { statuses: ['pending'], after: index - 1 }, limit)).map(({ unit }) => unit.index);
  const near = await Promise.all(spreadOver(totalUnits, wanted).map((index) => pendingFrom(index, 1)));
  const chosen = [...new Set([...near.flat(), ...(await pendingFrom(0, wanted))])].slice(0, wanted);
  return chosen.sort((a, b) => a - b);
}
