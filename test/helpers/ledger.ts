import { expect } from 'vitest';
import type { Attempt } from '../../src/domain/attempt.ts';
import { JOB_STATUSES, type Job } from '../../src/domain/job.ts';
import { type Stage, UNIT_STATUSES, type Unit } from '../../src/domain/unit.ts';
import type { Repository } from '../../src/ports/repository.ts';

const STAGES: readonly Stage[] = ['main', 'post'];

/**
 * Checks the invariants of every store, whatever was killed: enumerated = completed + failed + skipped + cancelled +
 * running + pending, from rows; counters equal their rows; the history is complete.
 */
export async function expectLedger(repository: Repository): Promise<void> {
  for (const job of (await repository.jobs.list({ statuses: JOB_STATUSES, limit: 100_000 })).jobs) {
    const stages = await Promise.all(STAGES.map((stage) => unitsOf(repository, job, stage)));
    for (const [at, stage] of STAGES.entries()) await expectCounts(repository, job, stage, stages[at] ?? []);
    const attempts = (await Promise.all(stages.flat().map((unit) => expectAttempts(repository, job, unit)))).flat();
    await expectSums(repository, job, stages[0] ?? [], attempts);
    await expectEvents(repository, job);
  }
}

async function unitsOf(repository: Repository, { jobId }: Job, stage: Stage): Promise<readonly Unit[]> {
  const units: Unit[] = [];
  for (let page: readonly Unit[] = [], first = true; first || page.length > 0; first = false) {
    const after = units.at(-1)?.index ?? -1;
    page = (await repository.units.list(jobId, { stage, after }, 5000)).map(({ unit }) => unit);
    units.push(...page);
  }
  return units;
}

async function expectCounts(repository: Repository, job: Job, stage: Stage, units: readonly Unit[]): Promise<void> {
  const where = `${job.jobId} ${stage}`;
  const inStatus = (status: string) => units.filter((unit) => unit.status === status).length;
  const expected = Object.fromEntries(UNIT_STATUSES.map((status) => [status, inStatus(status)]));
  expect(await repository.units.counts(job.jobId, stage), where).toEqual({ ...expected, total: units.length });
  expect(
    units.map(({ index }) => index),
    where,
  ).toEqual(units.map((_, index) => index));
  if (stage === 'post') {
    expect(units.length, where).toBeLessThanOrEqual(1);
    return;
  }
  if (job.status !== 'enumerating') {
    expect(job.totalUnits, where).toBe(units.length);
    // A unit without a key is shown with its index for one.
    const keyed = units.filter(({ key, index }) => key !== String(index));
    const found = await repository.units.indexesByKey(
      job.jobId,
      keyed.map(({ key }) => key),
    );
    expect(found, where).toEqual(new Map(keyed.map(({ key, index }) => [key, index])));
  }
  const classes = units.flatMap(({ failureClass }) => failureClass ?? []);
  const byClass = Object.fromEntries(classes.map((name) => [name, classes.filter((other) => other === name).length]));
  const counted = Object.entries(await repository.units.classCounts(job.jobId)).filter(([, count]) => count !== 0);
  expect(Object.fromEntries(counted), where).toEqual(byClass);
}

/** Checks that every attempt from the first to the latest exists, and that a unit agrees with its latest attempt. */
async function expectAttempts(repository: Repository, job: Job, unit: Unit): Promise<readonly Attempt[]> {
  const where = `${job.jobId} ${unit.stage} ${unit.index}`;
  const attempts = await repository.attempts.ofUnit(unit);
  expect(
    attempts.map(({ attempt }) => attempt),
    where,
  ).toEqual(Array.from({ length: unit.attempt }, (_, n) => n + 1));
  const running = attempts.filter(({ status }) => status === 'running');
  expect(running.length, `${where}: attempts at a time`).toBeLessThanOrEqual(1);
  const latest = attempts.at(-1);
  if (unit.status === 'running') expect(latest?.status, where).toBe('running');
  if (unit.status === 'completed') expect(latest, where).toMatchObject({ status: 'succeeded', failureClass: null });
  if (unit.status === 'failed') expect(latest, where).toMatchObject({ failureClass: unit.failureClass });
  for (const { status, endedAt, result, failureClass, reservedUsd } of attempts) {
    expect(endedAt === null, where).toBe(status === 'running');
    expect(result !== null, where).toBe(status === 'succeeded');
    expect(failureClass === null, where).toBe(status === 'running' || status === 'succeeded');
    if (status !== 'running') expect(reservedUsd, where).toBe(0);
  }
  return attempts;
}

async function expectSums(
  repository: Repository,
  job: Job,
  units: readonly Unit[],
  attempts: readonly Attempt[],
): Promise<void> {
  const sum = (of: (attempt: Attempt) => number) => attempts.reduce((total, attempt) => total + of(attempt), 0);
  const tally = await repository.jobs.tally(job.jobId);
  expect(job.costUsd, job.jobId).toBeCloseTo(
    sum(({ usage }) => usage.costUsd ?? 0),
    6,
  );
  expect(job.inputTokens, job.jobId).toBe(sum(({ usage }) => usage.inputTokens ?? 0));
  expect(job.outputTokens, job.jobId).toBe(sum(({ usage }) => usage.outputTokens ?? 0));
  expect(tally.reservedUsd, job.jobId).toBeCloseTo(
    sum(({ reservedUsd }) => reservedUsd),
    6,
  );
  expect(tally.maxAttemptCostUsd, job.jobId).toBe(Math.max(0, ...attempts.map(({ usage }) => usage.costUsd ?? 0)));
  expect(tally.unitsTried, job.jobId).toBe(units.filter(({ attempt }) => attempt > 0).length);
}

async function expectEvents(repository: Repository, { jobId, eventSeq }: Job): Promise<void> {
  const seqs = (await repository.events.list(jobId, 0, 1_000_000)).map(({ seq }) => seq);
  expect(seqs, jobId).toEqual(Array.from({ length: eventSeq }, (_, n) => n + 1));
}
