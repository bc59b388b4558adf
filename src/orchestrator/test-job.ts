import { AbpError } from '../domain/error.ts';
import type { Job, JobTest } from '../domain/job.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Tx } from '../ports/repository.ts';
import { requireAllowed, takeTest } from './approval.ts';
import { requireReady } from './executor-launch.ts';
import { type OrchestratorDeps, refuse, requireJob } from './operation.ts';

/** Starts the test of a created job. */
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
    toTesting(deps, tx, job, units, {});
  });
  await launchTest(deps, job);
}

/**
 * Starts a failed test again, with the same units: nothing is held against them, their attempts stay in history. Where a
 * person has to allow what runs, they allow it once more since the test began (see `standing`).
 */
export async function testAgain(deps: OrchestratorDeps, job: Job): Promise<void> {
  const { repository } = deps;
  const allowed = await requireAllowed(deps, job);
  await requireReady(deps, job);
  await repository.turn();
  repository.transaction((tx) => {
    const now = requireJob(deps, job.jobId);
    // Decided by somebody else meanwhile, who may have tested it already.
    if (now.test?.state !== 'failed' || now.test.startedAt !== job.test?.startedAt) throw changed(job);
    if (allowed !== null) takeTest(deps, tx, now, allowed);
    putBackUnits(deps, tx, now);
    toTesting(deps, tx, now, now.test.units, { again: true });
  });
  await launchTest(deps, job);
}

function toTesting(
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
    throw changed(job);
  repository.events.add(tx, job.jobId, { type: 'job:test_started', data: { units, ...data } });
}

/** Gets an executor for a test that has just begun; where there is none to be had the job is as it was before. */
async function launchTest(deps: OrchestratorDeps, job: Job): Promise<void> {
  const { repository } = deps;
  try {
    await deps.launcher.ensureExecutor(job);
  } catch (error) {
    await repository.turn();
    // The job is as it was, also when an executor comes after all: late, on a machine that is very busy.
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
 * Discards a test, running or ended: its units are pending again with nothing held against them, its attempts stay in
 * history. Where a person had to allow it, another one is asked about. `job` as it is in the open transaction.
 */
export function discardTest(deps: OrchestratorDeps, tx: Tx, job: Job, note: string | undefined): void {
  putBackUnits(deps, tx, job);
  deps.repository.events.add(tx, job.jobId, { type: 'job:rejected', data: note ? { note } : {} });
}

function putBackUnits({ repository }: OrchestratorDeps, tx: Tx, job: Job): void {
  if (repository.jobs.move(tx, job.jobId, 'created', { from: ['testing'], patch: { test: null } }) === 'conflict')
    throw changed(job);
  repository.units.moveMany(
    tx,
    job.jobId,
    { indexes: job.test?.units ?? [], statuses: ['running', 'completed', 'failed', 'cancelled'] },
    'pending',
    job.test?.units.length ?? 0,
  );
}

/** Indexes spread evenly over the source: first, last and between; for one that is not pending, others that are. */
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

/** A compare-and-set that somebody else has won. */
export function changed(job: Pick<Job, 'jobId'>): AbpError {
  return new AbpError('conflict', `${job.jobId} was changed by somebody else at this moment.`, {
    hint: 'get_job_status shows its present state.',
  });
}
