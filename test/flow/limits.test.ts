import { describe, expect, test } from 'vitest';
import { tallyOf } from '../../src/domain/rules/budget.ts';
import { flow, flowOn } from '../helpers/flow.ts';
import { fails, hangs, ok } from '../helpers/scripted-worker.ts';
import { told } from '../helpers/told.ts';

const MINUTE = 60_000;

describe('the budget of a job', () => {
  test('starts what it covers, each attempt capped by its reservation, then pauses', async () => {
    const f = flow();
    f.worker.otherwise = ok({}, { costUsd: 1 });
    const worker = { type: 'scripted', max_budget_usd: 1.5 };
    const jobId = await f.begin({ units: 10, worker, limits: { budget_usd: 4, max_workers: 8 } });
    f.worker.on(0, hangs);
    f.worker.on(1, hangs);
    await f.until(() => f.worker.running().length === 2);
    await f.tick(3);
    expect(f.worker.running()).toHaveLength(2);
    expect(f.worker.runs.map(({ assignment }) => assignment.budgetUsd)).toEqual([1.5, 1.5]);
    expect((await f.store.repository.jobs.tally(jobId)).reservedUsd).toBe(3);
    f.worker.finish(0, ok({}, { costUsd: 1 }));
    f.worker.finish(1, ok({}, { costUsd: 1 }));
    await f.until(async () => (await f.job(jobId)).status === 'paused');
    const { pauseReason, statusMessage, costUsd } = await f.job(jobId);
    expect([pauseReason, costUsd]).toEqual(['budget', 3]);
    expect(statusMessage).toBe(
      'The budget of $4 does not cover another attempt: $3.0000 spent, one may cost $1.5000, 7 units left.',
    );
    expect((await told(f, jobId)).message).toBe(
      `${statusMessage} Raise limits.budget_usd (or lower max_budget_usd of the worker, where it has one) with update_job, then resume_job.`,
    );
    await f.until(() => !f.hasExecutor(jobId));
  });

  test('continues when it is raised, and pauses again when it is not', async () => {
    const f = flow();
    f.worker.otherwise = ok({}, { costUsd: 1 });
    const job_id = await f.begin({ units: 4, limits: { budget_usd: 2, max_workers: 1 } });
    await f.until(async () => (await f.job(job_id)).pauseReason === 'budget' && !f.hasExecutor(job_id));
    await f.call('resume_job', { job_id });
    await f.until(async () => (await f.job(job_id)).pauseReason === 'budget' && !f.hasExecutor(job_id));
    await f.call('update_job', { job_id, limits: { budget_usd: 10 } });
    await f.call('resume_job', { job_id });
    await f.until(async () => (await f.job(job_id)).status === 'completed');
    expect((await f.job(job_id)).costUsd).toBe(4);
  });

  test('is exceeded at most by running attempts, and reservations block new ones', async () => {
    const f = flow();
    const jobId = await f.begin({ units: 9, limits: { budget_usd: 3, max_workers: 3 } });
    f.worker.otherwise = hangs;
    await f.until(() => f.worker.running().length === 3);
    // Before anything has cost, each slot gets an even share.
    expect(f.worker.runs.map(({ assignment }) => assignment.budgetUsd)).toEqual([1, 1, 1]);
    f.worker.finish(0, ok({}, { costUsd: 1.2 }));
    await f.tick(3);
    // 1.2 spent and 2 reserved: nothing is left for 1.8 more.
    expect(f.worker.running()).toEqual([1, 2]);
    f.worker.finish(1, ok({}, { costUsd: 1.2 }));
    f.worker.finish(2, ok({}, { costUsd: 1.2 }));
    await f.until(async () => (await f.job(jobId)).pauseReason === 'budget');
    expect((await f.job(jobId)).costUsd).toBeCloseTo(3.6);
    expect(f.worker.runs).toHaveLength(3);
  });

  test('counts failed attempts, and does not stop a worker without cost', async () => {
    const f = flow();
    const jobId = await f.begin({ units: 9, limits: { budget_usd: 1, max_workers: 2 } });
    await f.until(async () => (await f.job(jobId)).status === 'completed');
    const other = await f.begin({ units: 9, limits: { budget_usd: 1, max_workers: 1, failure_threshold: 0 } });
    f.worker.otherwise = fails('bad_input', { usage: { costUsd: 0.6 } });
    await f.until(async () => (await f.job(other)).pauseReason === 'budget');
    expect((await f.job(other)).costUsd).toBe(0.6);
  });

  test('used up by the last unit does not pause the job', async () => {
    const f = flow();
    f.worker.otherwise = ok({}, { costUsd: 1 });
    const jobId = await f.begin({ units: 2, limits: { budget_usd: 2, max_workers: 2 } });
    await f.until(async () => (await f.job(jobId)).status !== 'running');
    expect(await f.job(jobId)).toMatchObject({ status: 'completed', pauseReason: null, costUsd: 2 });
    expect(await f.events(jobId, 'job:paused')).toEqual([]);
  });
});

describe('the circuit breaker', () => {
  test('pauses the job when the last five units failed alike, with reason and next step', async () => {
    const f = flow();
    f.worker.otherwise = fails('invalid_output');
    const jobId = await f.begin({ units: 50, limits: { max_workers: 2, max_retries: 3 } });
    await f.until(async () => (await f.job(jobId)).status === 'paused');
    expect((await f.job(jobId)).pauseReason).toBe('failures');
    expect((await told(f, jobId)).message).toMatch(
      /^Paused because the last 5 units all ended in invalid_output\. Look at/,
    );
    await f.until(() => !f.hasExecutor(jobId));
    expect(tallyOf(await f.store.repository.jobs.tally(jobId), 'unit', 0).unitsTried).toBeLessThanOrEqual(6);
  });

  test('pauses the job when half of at least ten units fail alike', async () => {
    const f = flow();
    const jobId = await f.begin({ units: 40, limits: { max_workers: 1, max_retries: 0 } });
    for (let n = 0; n < 40; n += 2) f.worker.on(n, fails('timeout'));
    await f.until(async () => (await f.job(jobId)).status === 'paused');
    expect((await told(f, jobId)).message).toMatch(/^Paused because 6 of 11 units tried ended in timeout\. Raise/);
  });

  test('does not trip near the end of the job', async () => {
    const f = flow();
    f.worker.otherwise = fails('timeout');
    const jobId = await f.begin({ units: 9, limits: { max_workers: 1, max_retries: 0 } });
    await f.until(async () => (await f.job(jobId)).status === 'failed');
    expect((await f.store.repository.units.counts(jobId)).failed).toBe(9);
  });

  test('does not count units that wait for a retry as never tried', async () => {
    const f = flow();
    f.worker.otherwise = fails('timeout', { retryAfterMs: 10 * MINUTE });
    const jobId = await f.begin({ units: 20, limits: { max_workers: 4, failure_threshold: 5 } });
    await f.call('manage_units', {
      job_id: jobId,
      action: 'skip',
      units: [8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19],
    });
    f.worker.on(0, ok());
    f.worker.on(1, ok());
    await f.tick(5);
    // Six wait, none was never tried: the rest is not worth a pause.
    expect(await f.store.repository.units.counts(jobId)).toMatchObject({ pending: 6, completed: 2 });
    expect((await f.job(jobId)).status).toBe('running');
  });

  test('is off with a threshold of 0', async () => {
    const f = flow();
    f.worker.otherwise = fails('timeout');
    const jobId = await f.begin({ units: 60, limits: { max_workers: 4, max_retries: 0, failure_threshold: 0 } });
    await f.until(async () => (await f.job(jobId)).status === 'failed');
    expect((await f.store.repository.units.counts(jobId)).failed).toBe(60);
  });

  test('follows another threshold', async () => {
    const f = flow();
    f.worker.otherwise = fails('timeout');
    const jobId = await f.begin({ units: 60, limits: { max_workers: 1, max_retries: 0, failure_threshold: 2 } });
    await f.until(async () => (await f.job(jobId)).pauseReason === 'failures');
    expect(f.worker.runs).toHaveLength(2);
  });
});

describe('a closed quota window', () => {
  test('pauses every job with this worker, and no other', async () => {
    const f = flow();
    const other = await f.begin({ units: 9, worker: { type: 'other' }, limits: { max_workers: 1 } });
    const [one, two] = [await f.begin({ units: 4 }), await f.begin({ units: 4 })];
    f.worker.otherwise = hangs;
    await f.until(
      async () => (await f.unit(one, 0)).status === 'running' && (await f.unit(two, 0)).status === 'running',
    );
    const resumeAt = f.clock.now() + 60 * MINUTE;
    // The second job's attempt ends; the first job is notified.
    f.worker.finish(0, fails('usage_limit', { resumeAt, message: 'Weekly limit reached.' }));
    await f.until(async () => (await f.job(one)).status === 'paused' && (await f.job(two)).status === 'paused');
    for (const jobId of [one, two]) expect(await f.job(jobId)).toMatchObject({ pauseReason: 'usage_limit', resumeAt });
    await f.tick(3);
    expect((await f.job(other)).status).toBe('running');
  });

  test('makes a job that starts later wait without an attempt', async () => {
    const f = flow();
    const resumeAt = f.clock.now() + 60 * MINUTE;
    const one = await f.begin({ units: 2 });
    f.worker.on(0, fails('usage_limit', { resumeAt, message: 'Weekly limit reached.' }));
    await f.until(async () => (await f.job(one)).status === 'paused');
    const two = await f.begin({ units: 2 });
    await f.until(async () => (await f.job(two)).status === 'paused');
    expect(await f.job(two)).toMatchObject({ pauseReason: 'usage_limit', resumeAt });
    expect((await f.job(two)).statusMessage).toContain('Weekly limit reached.');
    expect(await f.attempts(two, 0)).toEqual([]);
    const status = await f.call('get_job_status', { job_id: two });
    expect(status).toMatchObject({ pause_reason: 'usage_limit', resume_at: new Date(resumeAt).toISOString() });
    const runs = f.worker.runs.length;
    await f.after(59 * MINUTE);
    expect(f.worker.runs).toHaveLength(runs);
    expect([f.hasExecutor(one), f.hasExecutor(two)]).toEqual([true, true]);
    await f.after(MINUTE);
    await f.until(async () => (await f.job(one)).status === 'completed' && (await f.job(two)).status === 'completed');
    expect(await f.events(two, 'job:resumed')).toMatchObject([{ data: { by: 'the quota window opened' } }]);
  });

  test('without an opening time is tried again after 15 minutes', async () => {
    const f = flow();
    const jobId = await f.begin({ units: 2 });
    f.worker.on(0, fails('usage_limit'));
    await f.until(async () => (await f.job(jobId)).status === 'paused');
    expect((await f.job(jobId)).resumeAt).toBeGreaterThan(f.clock.now() + 14 * MINUTE);
    expect((await f.job(jobId)).resumeAt).toBeLessThanOrEqual(f.clock.now() + 15 * MINUTE);
    await f.after(15 * MINUTE);
    await f.until(async () => (await f.job(jobId)).status === 'completed');
  });

  test('opens for all jobs when a person resumes one', async () => {
    const f = flow();
    const resumeAt = f.clock.now() + 60 * MINUTE;
    const one = await f.begin({ units: 2 });
    const two = await f.begin({ units: 2 });
    f.worker.on(0, fails('usage_limit', { resumeAt }));
    await f.until(
      async () => (await f.job(one)).pauseReason === 'usage_limit' && (await f.job(two)).pauseReason === 'usage_limit',
    );
    await f.call('resume_job', { job_id: one });
    await f.until(async () => (await f.job(one)).status === 'completed' && (await f.job(two)).status === 'completed');
    expect(f.clock.now()).toBeLessThan(resumeAt);
  });

  test('with a later opening time extends resume_at', async () => {
    const f = flow();
    const jobId = await f.begin({ units: 2, limits: { max_workers: 2 } });
    f.worker.on(0, fails('usage_limit', { resumeAt: f.clock.now() + MINUTE }));
    f.worker.on(1, hangs);
    await f.until(async () => (await f.job(jobId)).status === 'paused');
    const later = f.clock.now() + 10 * MINUTE;
    f.worker.finish(1, fails('usage_limit', { resumeAt: later }));
    await f.until(async () => (await f.job(jobId)).resumeAt === later);
    await f.after(2 * MINUTE);
    expect((await f.job(jobId)).status).toBe('paused');
    await f.after(8 * MINUTE);
    await f.until(async () => (await f.job(jobId)).status === 'completed');
  });

  test("of an earlier revision's worker does not pause a job with another worker", async () => {
    const f = flow();
    const job_id = await f.begin({ units: 3, limits: { max_workers: 1 } });
    f.worker.on(0, hangs, ok());
    await f.until(() => f.worker.running().length === 1);
    await f.call('pause_job', { job_id });
    await f.call('update_job', { job_id, worker: { type: 'other' } });
    await f.call('resume_job', { job_id });
    await f.tick();
    f.worker.finish(0, fails('usage_limit', { resumeAt: f.clock.now() + 60 * MINUTE }));
    await f.until(async () => (await f.job(job_id)).status === 'completed');
    expect(await f.events(job_id, 'job:paused')).toHaveLength(1);
    const { quotas } = f.store.repository;
    expect([(await quotas.get('scripted')) !== null, (await quotas.get('other')) !== null]).toEqual([true, false]);
  });

  test('during post-processing is waited for in post-processing', async () => {
    const f = flow();
    const jobId = await f.begin({ units: 1, steps: [{ name: 'report', scope: 'job', intent: 'Sum up.' }] });
    f.worker.on(0, ok(), fails('usage_limit', { resumeAt: f.clock.now() + MINUTE }), ok());
    await f.until(async () => (await f.job(jobId)).pauseReason === 'usage_limit', 500);
    await f.after(MINUTE);
    await f.until(async () => (await f.job(jobId)).status === 'completed');
    expect(f.worker.runs.map(({ assignment }) => assignment.scope)).toEqual(['unit', 'job', 'job']);
  });
});

describe('a busy service', () => {
  test('gets half the attempts, then one more every 30 s', async () => {
    const f = flow();
    const jobId = await f.begin({ units: 40, limits: { max_workers: 8 } });
    f.worker.otherwise = hangs;
    await f.until(() => f.worker.running().length === 8);
    for (const index of [0, 1, 2]) f.worker.finish(index, fails('overloaded', { retryAfterMs: 60 * MINUTE }));
    for (const index of [3, 4, 5]) f.worker.finish(index);
    await f.tick(2);
    // Three refusals at one time halve the slots once: 4, of which 2 still run.
    expect(f.worker.running()).toHaveLength(4);
    await f.after(29_000);
    expect(f.worker.running()).toHaveLength(4);
    await f.after(1000);
    expect(f.worker.running()).toHaveLength(5);
    await f.after(5 * MINUTE);
    expect(f.worker.running()).toHaveLength(8);
    expect((await f.job(jobId)).maxWorkers).toBe(8);
  });

  test('does not pause the job while any attempt succeeds', async () => {
    const f = flow();
    const jobId = await f.begin({ units: 80, limits: { max_workers: 1 } });
    f.worker.otherwise = (assignment) =>
      assignment.index % 2 === 0 && assignment.attempt === 1
        ? fails('overloaded', { retryAfterMs: 120 * MINUTE })
        : ok();
    for (let n = 0; n < 20; n++) {
      await f.after(10 * MINUTE);
      expect((await f.job(jobId)).pauseReason).toBeNull();
    }
  });

  test('does not pause the job for time without attempts', async () => {
    const f = flow();
    const jobId = await f.begin({ units: 1 });
    const resumeAt = f.clock.now() + 180 * MINUTE;
    f.worker.on(0, fails('overloaded'), fails('usage_limit', { resumeAt }), fails('overloaded'), ok());
    await f.until(async () => (await f.job(jobId)).pauseReason === 'usage_limit');
    await f.after(180 * MINUTE);
    await f.until(async () => (await f.job(jobId)).status === 'completed', 300);
    expect((await f.attempts(jobId, 0)).map(({ failureClass }) => failureClass)).toEqual([
      'overloaded',
      'usage_limit',
      'overloaded',
      null,
    ]);
    expect((await f.events(jobId, 'job:paused')).map(({ data }) => data.reason)).toEqual(['usage_limit']);
  });
});

describe('the limit of the machine', () => {
  test('holds for all jobs together and is shared fairly', async () => {
    const f = flow({ maxTotalWorkers: 6 });
    f.worker.otherwise = hangs;
    const one = await f.begin({ units: 20, limits: { max_workers: 6 } });
    await f.until(() => f.worker.running().length === 6);
    const other = flowOn(f.store, f.clock, { maxTotalWorkers: 6 });
    const two = await other.begin({ units: 20, limits: { max_workers: 6 } });
    await other.tick(3);
    expect(other.worker.runs).toHaveLength(0);
    // The second gets the slots that the first frees, until both have half.
    for (let n = 0; n < 6; n++) {
      f.worker.finish(f.worker.running()[0] ?? -1);
      await f.tick();
      await other.tick();
    }
    const { counts } = f.store.repository.units;
    expect([(await counts(one)).running, (await counts(two)).running]).toEqual([3, 3]);
  });
});

test('a window with an opening time in the past is not tried without a wait', async () => {
  const f = flow();
  const jobId = await f.begin({ units: 1 });
  f.worker.otherwise = fails('usage_limit', { resumeAt: f.clock.now() - 1000 });
  await f.tick(20);
  expect(await f.job(jobId)).toMatchObject({ status: 'paused', pauseReason: 'usage_limit' });
  expect(f.worker.runs).toHaveLength(1);
  f.worker.otherwise = ok();
  await f.after(MINUTE);
  await f.until(async () => (await f.job(jobId)).status === 'completed');
});
