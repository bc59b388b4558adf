import { AbpError } from '../domain/error.ts';
import type { Job, JobTest } from '../domain/job.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Tx } from '../ports/repository.ts';
import { requireAllowed, takeTest } from './approval.ts';
import { requireReady } from './executor-launch.ts';
import { type OrchestratorDeps, refuse, requireJob } from './operation.ts';

/** Starts the test of a created job. Throws `conflict`, `approval_required`, and as `requireReady`. */
export async function beginTest(deps: OrchestratorDeps, job: Job): Promise<void> {
  const { repository } = deps;
  const allowed = await requireAllowed(deps, job);
  await requireReady(deps, job);
  const units = testUnits(deps, job);
  if (units.length === 0) {
    throw refuse(job, 'it has no pending unit to test', 'Reopen units with manage_units first.');
  }
  await repository.turn();
  repository.transaction((tx) => {
    if (allowed !== null) takeTest(deps, tx, job, allowed);
    moveToTesting(deps, tx, job, units, {});
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
  await repository.turn();
  repository.transaction((tx) => {
    const now = requireJob(deps, job.jobId);
    // Another call decided about the test, or repeated it, meanwhile.
    if (now.test?.state !== 'failed' || now.test.startedAt !== job.test?.startedAt) throw changedMeanwhile(job);
    if (allowed !== null) takeTest(deps, tx, now, allowed);
    putBackUnits(deps, tx, now);
    moveToTesting(deps, tx, now, now.test.units, { again: true });
  });
  await launchTest(deps, job);
}

function moveToTesting(
  { repository, clock }: OrchestratorDeps,
  tx: Tx,
  job: Job,
  units: readonly number[],
  data: JsonObject,
): void {
  const test: JobTest = {
    state: 'running',
    units,
    verdict: null,
    executorsLost: 0,
    startedAt: clock.now(),
    endedAt: null,
  };
  if (repository.jobs.move(tx, job.jobId, 'testing', { from: ['created'], patch: { test } }) === 'conflict')
    throw changedMeanwhile(job);
  repository.events.add(tx, job.jobId, { type: 'job:test_started', data: { units, ...data } });
}

/** Starts an executor for a new test; when none can be started, puts the job back to `created` and throws. */
async function launchTest(deps: OrchestratorDeps, job: Job): Promise<void> {
  const { repository } = deps;
  try {
    await deps.launcher.ensureExecutor(job);
  } catch (error) {
    await repository.turn();
    // A late executor, on a very busy machine, finds no test and leaves.
    repository.transaction((tx) => {
      const now = requireJob(deps, job.jobId);
      const note = `no executor could be started: ${(error as Error).message}`;
      if (now.status !== 'testing') return;
      discardTest(deps, tx, now, note);
    });
    throw error;
  }
}

/**
 * Discards a test, running or ended: its units are pending again with their retries at zero, its attempts stay in the
 * history. A job that needs a person needs another approval for its next test. `job` is as read in the open transaction.
 */
export function discardTest(deps: OrchestratorDeps, tx: Tx, job: Job, note: string | undefined): void {
  putBackUnits(deps, tx, job);
  deps.repository.events.add(tx, job.jobId, { type: 'job:rejected', data: note ? { note } : {} });
}

function putBackUnits({ repository }: OrchestratorDeps, tx: Tx, job: Job): void {
  if (repository.jobs.move(tx, job.jobId, 'created', { from: ['testing'], patch: { test: null } }) === 'conflict')
    throw changedMeanwhile(job);
  repository.units.moveMany(
    tx,
    job.jobId,
    { indexes: job.test?.units ?? [], statuses: ['running', 'completed', 'failed', 'cancelled'] },
    'pending',
    job.test?.units.length ?? 0,
  );
}

/** Chooses test units spread evenly over the source: first, last and between; replaces those that are not pending. */
function testUnits({ repository }: OrchestratorDeps, { jobId, testUnits: wanted, totalUnits }: Job): readonly number[] {
  const pendingFrom = (index: number, limit: number) =>
    repository.units.list(jobId, { statuses: ['pending'], after: index - 1 }, limit).map(({ unit }) => unit.index);
  const spread = Array.from({ length: wanted }, (_, i) =>
    wanted === 1 ? 0 : Math.round((i * (totalUnits - 1)) / (wanted - 1)),
  );
  const near = spread.flatMap((index) => pendingFrom(index, 1));
  const chosen = [...new Set([...near, ...pendingFrom(0, wanted)])].slice(0, wanted);
  return chosen.sort((a, b) => a - b);
}

/** Makes the error for a compare-and-set that another call won. */
export function changedMeanwhile(job: Pick<Job, 'jobId'>): AbpError {
  return new AbpError('conflict', `${job.jobId} was changed by another call at the same time.`, {
    hint: 'get_job_status shows its current state.',
  });
}
