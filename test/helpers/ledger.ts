import { expect } from 'vitest';
import type { Attempt } from '../../src/domain/attempt.ts';
import { JOB_STATUSES, type Job } from '../../src/domain/job.ts';
import { type Scope, UNIT_STATUSES, type Unit } from '../../src/domain/unit.ts';
import type { Repository, UnitWithResult } from '../../src/ports/repository.ts';

const SCOPES: readonly Scope[] = ['unit', 'job'];

/**
 * Checks the invariants of every store, whatever was killed: enumerated = completed + failed + skipped + cancelled +
 * running + pending, from rows; counters equal their rows; the history is complete.
 */
export async function expectLedger(repository: Repository): Promise<void> {
  for (const job of (await repository.jobs.list({ statuses: JOB_STATUSES, limit: 100_000 })).jobs) {
    const scopes = await Promise.all(SCOPES.map((scope) => unitsOf(repository, job, scope)));
    for (const [at, scope] of SCOPES.entries()) await expectCounts(repository, job, scope, scopes[at] ?? []);
    const attempts = (await Promise.all(scopes.flat().map((unit) => expectAttempts(repository, job, unit)))).flat();
    await expectResults(repository, job, attempts);
    await expectSums(repository, job, attempts);
    await expectEvents(repository, job);
  }
}

async function unitsOf(repository: Repository, { jobId }: Job, scope: Scope): Promise<readonly Unit[]> {
  const units: Unit[] = [];
  for (let page: readonly Unit[] = [], first = true; first || page.length > 0; first = false) {
    const after = units.at(-1)?.index ?? -1;
    page = (await repository.units.list(jobId, { scope, after }, 5000)).map(({ unit }) => unit);
    units.push(...page);
  }
  return units;
}

async function expectCounts(repository: Repository, job: Job, scope: Scope, units: readonly Unit[]): Promise<void> {
  const where = `${job.jobId} ${scope}`;
  const inStatus = (status: string) => units.filter((unit) => unit.status === status).length;
  const expected = Object.fromEntries(UNIT_STATUSES.map((status) => [status, inStatus(status)]));
  expect(await repository.units.counts(job.jobId, scope), where).toEqual({ ...expected, total: units.length });
  expect(
    units.map(({ index }) => index),
    where,
  ).toEqual(units.map((_, index) => index));
  if (scope === 'job') {
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
  const byPlace: Record<string, number> = {};
  for (const { step, status, failureClass } of units) {
    const place = JSON.stringify([step, status, failureClass]);
    byPlace[place] = (byPlace[place] ?? 0) + 1;
  }
  const counted = (await repository.units.stepCounts(job.jobId)).map(({ step, status, failureClass, count }) => [
    JSON.stringify([step, status, failureClass]),
    count,
  ]);
  expect(Object.fromEntries(counted), where).toEqual(byPlace);
}

/** Checks that every attempt from the first to the latest exists, and that a unit agrees with its latest attempt. */
async function expectAttempts(repository: Repository, job: Job, unit: Unit): Promise<readonly Attempt[]> {
  const where = `${job.jobId} ${unit.scope} ${unit.index}`;
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

/** Checks that each unit has a result of each step that it passed, from the latest succeeded attempt at that step. */
async function expectResults(repository: Repository, job: Job, attempts: readonly Attempt[]): Promise<void> {
  const succeeded = new Map<string, unknown>();
  for (const { scope, status, index, step, result } of attempts) {
    if (scope === 'unit' && status === 'succeeded') succeeded.set(`${index} ${step}`, result);
  }
  const wrong: unknown[] = [];
  for (let after: number | undefined = -1; after !== undefined; ) {
    const page: readonly UnitWithResult[] = await repository.units.results(job.jobId, { after }, 5000);
    for (const { unit, results } of page) {
      const passed = unit.status === 'completed' ? unit.step + 1 : unit.step;
      const expected = Array.from({ length: passed }, (_, step) => [step, succeeded.get(`${unit.index} ${step}`)]);
      const found = [...results].sort(([a], [b]) => a - b);
      if (JSON.stringify(found) !== JSON.stringify(expected)) wrong.push({ unit: unit.index, found, expected });
    }
    after = page.at(-1)?.unit.index;
  }
  expect(wrong, job.jobId).toEqual([]);
}

async function expectSums(repository: Repository, job: Job, attempts: readonly Attempt[]): Promise<void> {
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
  for (const { scope, step, unitsTried, costUsd, maxAttemptCostUsd } of tally.steps) {
    const where = `${job.jobId} ${scope} step ${step}`;
    const here = attempts.filter((attempt) => attempt.scope === scope && attempt.step === step);
    const costs = here.map(({ usage }) => usage.costUsd ?? 0);
    expect(maxAttemptCostUsd, where).toBe(Math.max(0, ...costs));
    expect(costUsd, where).toBeCloseTo(
      costs.reduce((total, cost) => total + cost, 0),
      6,
    );
    expect(unitsTried, where).toBe(new Set(here.map(({ index }) => index)).size);
  }
  const places = new Set(attempts.map(({ scope, step }) => `${scope} ${step}`));
  expect(new Set(tally.steps.map(({ scope, step }) => `${scope} ${step}`)), job.jobId).toEqual(places);
}

async function expectEvents(repository: Repository, { jobId, eventSeq }: Job): Promise<void> {
  const seqs = (await repository.events.list(jobId, 0, 1_000_000)).map(({ seq }) => seq);
  expect(seqs, jobId).toEqual(Array.from({ length: eventSeq }, (_, n) => n + 1));
}
