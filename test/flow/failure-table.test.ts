import { describe, expect, test } from 'vitest';
import { adviceIn, FAILURE_CLASSES, type FailureClass, failureRule } from '../../src/domain/failure.ts';
import { hintText } from '../../src/domain/hint.ts';
import type { PauseReason } from '../../src/domain/job.ts';
import { NOT_PAUSED } from '../../src/domain/rules/pause.ts';
import { MAX_DEFERRALS } from '../../src/domain/rules/retry.ts';
import { flow } from '../helpers/flow.ts';
import { fails, hangs, ok } from '../helpers/scripted-worker.ts';
import { told } from '../helpers/told.ts';

const MINUTE = 60_000;

/** Every class by its effect on the unit: each row of the failure table runs through the real executor below. */
const CLASSES = Object.groupBy(FAILURE_CLASSES, (name) => failureRule(name).unit);

test('every row of the table is tested here', () => {
  const tested = [...RETRIED, ...FAILED, ...DEFERRED, ...Object.keys(PAUSING), 'interrupted', 'cancelled'];
  expect(tested.sort()).toEqual([...FAILURE_CLASSES].sort());
});

const RETRIED = CLASSES.retry ?? [];
const FAILED = CLASSES.fail ?? [];
const DEFERRED = CLASSES.defer ?? [];
const PAUSING: Partial<Record<FailureClass, PauseReason>> = {
  usage_limit: 'usage_limit',
  auth: 'auth',
  billing: 'auth',
  model_not_found: 'auth',
  worker_unavailable: 'worker_unavailable',
  approval: 'approval',
};

describe.each(RETRIED)('%s', (failureClass) => {
  test('is retried after a growing back-off, with the reason where that helps, and completes', async () => {
    const f = flow();
    const jobId = await f.begin({ units: 1 });
    f.worker.on(0, fails(failureClass), fails(failureClass, { message: 'Still not.' }), ok());
    await f.until(async () => (await f.unit(jobId, 0)).attempt === 1 && (await f.unit(jobId, 0)).status === 'pending');
    expect(await f.unit(jobId, 0)).toMatchObject({
      retriesUsed: 1,
      failureClass,
      failureMessage: `It was ${failureClass}.`,
    });
    // Half of 2 s, by the jitter of the flow.
    expect((await f.unit(jobId, 0)).notBefore).toBeLessThanOrEqual(f.clock.now() + 1000);
    await f.until(async () => (await f.unit(jobId, 0)).attempt === 2 && (await f.unit(jobId, 0)).status === 'pending');
    expect((await f.unit(jobId, 0)).retriesUsed).toBe(2);
    await f.until(async () => (await f.job(jobId)).status === 'completed');
    expect((await f.attempts(jobId, 0)).map(({ failureClass: name }) => name)).toEqual([
      failureClass,
      failureClass,
      null,
    ]);
    expect(await f.unit(jobId, 0)).toMatchObject({ failureClass: null, failureMessage: null });
    const told = f.worker.runs.map(({ assignment }) => assignment.prompt.user.includes('Still not.'));
    expect(told).toEqual([false, false, failureRule(failureClass).tellNextAttempt]);
  });

  test('fails the unit after its last retry, and the job with it', async () => {
    const f = flow();
    const jobId = await f.begin({ units: 2, limits: { max_retries: 2 } });
    f.worker.on(0, fails(failureClass), fails(failureClass), fails(failureClass));
    await f.until(async () => (await f.job(jobId)).status === 'failed');
    expect(await f.statuses(jobId)).toBe('failed completed');
    expect(await f.unit(jobId, 0)).toMatchObject({ attempt: 3, retriesUsed: 2, failureClass });
    expect(await f.job(jobId)).toMatchObject({ statusMessage: '1 of 2 units failed.' });
    expect(await f.events(jobId, 'attempt:failed')).toHaveLength(3);
    expect(await f.events(jobId, 'unit:failed')).toHaveLength(1);
    const { failures } = await f.call('get_job_status', { job_id: jobId });
    expect(failures).toMatchObject([
      { class: failureClass, count: 1, example: { unit: 0 }, advice: adviceIn('failed', failureClass, undefined, 0) },
    ]);
  });
});

test('the reason of a rejected result reaches the retry after a busy service in between', async () => {
  const f = flow();
  const jobId = await f.begin({ units: 1 });
  f.worker.on(
    0,
    fails('invalid_output', { message: '/n must be number' }),
    fails('overloaded'),
    fails('timeout'),
    ok(),
  );
  await f.until(async () => (await f.job(jobId)).status === 'completed');
  const told = f.worker.runs.map(({ assignment }) => assignment.prompt.user.includes('/n must be number'));
  expect(told).toEqual([false, true, true, false]);
});

describe.each(FAILED)('%s', (failureClass) => {
  test('fails the unit at once', async () => {
    const f = flow();
    const jobId = await f.begin({ units: 2 });
    f.worker.on(1, fails(failureClass));
    await f.until(async () => (await f.job(jobId)).status === 'failed');
    expect(await f.unit(jobId, 1)).toMatchObject({ status: 'failed', attempt: 1, retriesUsed: 0, failureClass });
    expect(f.hasExecutor(jobId)).toBe(true);
    await f.tick();
    expect(f.hasExecutor(jobId)).toBe(false);
  });
});

describe.each(DEFERRED)('%s', (failureClass) => {
  test('puts the unit back without a retry, not before Retry-After, and halves the slots', async () => {
    const f = flow();
    const jobId = await f.begin({ units: 8, limits: { max_workers: 8, max_retries: 0 } });
    f.worker.on(0, fails(failureClass, { retryAfterMs: 90_000 }));
    f.worker.otherwise = hangs;
    await f.until(async () => (await f.unit(jobId, 0)).attempt === 1 && (await f.unit(jobId, 0)).status === 'pending');
    const { notBefore, ...unit } = await f.unit(jobId, 0);
    expect(unit).toMatchObject({ deferrals: 1, retriesUsed: 0 });
    const [attempt] = await f.attempts(jobId, 0);
    expect(notBefore - (attempt?.endedAt ?? 0)).toBe(90_000);
    // Seven still run, and four may: three must end before anything else starts.
    await f.call('manage_units', { job_id: jobId, action: 'cancel', units: [1, 2, 3] });
    await f.until(() => f.worker.running().length === 4);
    await f.call('manage_units', { job_id: jobId, action: 'reopen', units: [1, 2, 3] });
    await f.tick(3);
    expect(f.worker.running()).toHaveLength(4);
    await f.after(notBefore - f.clock.now() - 1000);
    expect((await f.unit(jobId, 0)).status).toBe('pending');
    await f.after(1000);
    expect((await f.unit(jobId, 0)).status).toBe('running');
  });

  test(`fails the unit after ${MAX_DEFERRALS} deferrals`, async () => {
    const f = flow();
    const jobId = await f.begin({ units: 2, limits: { max_retries: 0 } });
    f.worker.on(0, ...Array.from({ length: MAX_DEFERRALS }, () => fails(failureClass)));
    for (let times = 1; times <= MAX_DEFERRALS; times++) {
      expect((await f.unit(jobId, 0)).deferrals).toBe(times - 1);
      await f.after(60_000);
      await f.tick();
    }
    await f.until(async () => (await f.job(jobId)).status === 'failed');
    expect(await f.unit(jobId, 0)).toMatchObject({
      status: 'failed',
      deferrals: MAX_DEFERRALS,
      attempt: MAX_DEFERRALS,
    });
  });

  test('pauses the job after 30 minutes without a success', async () => {
    const f = flow();
    const jobId = await f.begin({ units: 3, limits: { max_workers: 1 } });
    f.worker.otherwise = fails(failureClass, { retryAfterMs: 10 * MINUTE });
    for (let minutes = 0; minutes < 40 && (await f.job(jobId)).status === 'running'; minutes++) await f.after(MINUTE);
    expect(await f.job(jobId)).toMatchObject({ status: 'paused', pauseReason: 'worker_unavailable' });
    expect((await f.job(jobId)).statusMessage).toContain('30 minutes');
    expect(await f.statuses(jobId)).toBe('pending pending pending');
  });
});

describe.each(Object.entries(PAUSING))('%s', (name, reason) => {
  const failureClass = name as FailureClass;

  test(`pauses the job at once (${reason}) with the next step, using no retry`, async () => {
    const f = flow();
    const jobId = await f.begin({ units: 9, limits: { max_workers: 2, max_retries: 0 } });
    f.worker.on(0, fails(failureClass));
    f.worker.on(1, hangs);
    await f.until(async () => (await f.job(jobId)).status === 'paused');
    expect(await f.job(jobId)).toMatchObject({ pauseReason: reason });
    expect((await f.job(jobId)).statusMessage).toBe(`It was ${failureClass}.`);
    const advice = hintText(adviceIn('paused', failureClass, undefined, 0));
    expect((await told(f, jobId)).message).toBe(`It was ${failureClass}. ${advice}`);
    expect(await f.unit(jobId, 0)).toMatchObject({ status: 'pending', retriesUsed: 0, deferrals: 0, failureClass });
    // Running attempts may finish; nothing else starts.
    f.worker.finish(1);
    await f.tick(3);
    expect(await f.statuses(jobId)).toBe('pending completed pending pending pending pending pending pending pending');
    expect(f.worker.runs).toHaveLength(2);
    expect(f.hasExecutor(jobId)).toBe(reason === 'usage_limit');
  });

  test('is reset when a person resumes the job', async () => {
    const f = flow();
    const jobId = await f.begin({ units: 3 });
    f.worker.on(0, fails(failureClass, { resumeAt: f.clock.now() + 1e9 }));
    await f.until(async () => (await f.job(jobId)).status === 'paused');
    await f.tick(2);
    await f.call('resume_job', { job_id: jobId });
    expect(await f.job(jobId)).toMatchObject({ ...NOT_PAUSED });
    await f.until(async () => (await f.job(jobId)).status === 'completed');
  });
});

describe('interrupted', () => {
  test('an interrupted unit runs again, after the second time alone, and fails at the third', async () => {
    const f = flow();
    const jobId = await f.begin({ units: 3, limits: { max_workers: 3, max_retries: 0 } });
    f.worker.on(0, hangs, hangs, hangs);
    for (const times of [1, 2]) {
      await f.until(
        async () => (await f.unit(jobId, 0)).attempt === times && (await f.unit(jobId, 0)).status === 'running',
      );
      await f.until(async () => (await f.statuses(jobId)).includes('completed completed') || times === 1);
      await f.killExecutor(jobId);
      await f.recover(jobId);
      await f.until(async () => (await f.unit(jobId, 0)).interruptions === times);
      expect(await f.unit(jobId, 0)).toMatchObject({ retriesUsed: 0, failureClass: 'interrupted' });
    }
    await f.until(async () => (await f.unit(jobId, 0)).attempt === 3 && (await f.unit(jobId, 0)).status === 'running');
    await f.killExecutor(jobId);
    await f.recover(jobId);
    await f.until(async () => (await f.job(jobId)).status === 'failed');
    expect(await f.unit(jobId, 0)).toMatchObject({ status: 'failed', interruptions: 3, attempt: 3 });
    expect((await f.attempts(jobId, 0)).map(({ status }) => status)).toEqual([
      'interrupted',
      'interrupted',
      'interrupted',
    ]);
    expect((await f.events(jobId, 'attempt:interrupted')).filter(({ index }) => index === 0)).toHaveLength(3);
  });

  test('a unit interrupted twice runs alone', async () => {
    const f = flow();
    const jobId = await f.begin({ units: 4, limits: { max_workers: 4 } });
    const others = [0, 1, 3];
    f.worker.on(2, hangs, hangs, hangs);
    await f.until(async () => (await f.statuses(jobId)) === 'completed completed running completed');
    await f.killExecutor(jobId);
    await f.recover(jobId);
    await f.until(
      async () => (await f.unit(jobId, 2)).interruptions === 1 && (await f.unit(jobId, 2)).status === 'running',
    );
    await f.killExecutor(jobId);
    for (const other of others) f.worker.on(other, hangs);
    await f.call('manage_units', { job_id: jobId, action: 'reopen', units: others });
    await f.recover(jobId);
    await f.tick(5);
    expect(await f.statuses(jobId)).toBe('running running pending running');
    for (const other of others) f.worker.finish(other);
    await f.until(async () => (await f.unit(jobId, 2)).status === 'running');
    await f.call('manage_units', { job_id: jobId, action: 'reopen', units: others });
    await f.tick(5);
    expect(await f.statuses(jobId)).toBe('pending pending running pending');
    f.worker.finish(2);
    await f.until(async () => (await f.job(jobId)).status === 'completed');
  });
});

describe('cancelled', () => {
  test('a worker that reports a stop by a person cancels its unit, without failing the job', async () => {
    const f = flow();
    const jobId = await f.begin({ units: 2 });
    f.worker.on(0, fails('cancelled'));
    await f.until(async () => (await f.job(jobId)).status === 'completed');
    expect(await f.statuses(jobId)).toBe('cancelled completed');
    expect(await f.events(jobId, 'unit:cancelled')).toMatchObject([{ index: 0 }]);
  });
});
