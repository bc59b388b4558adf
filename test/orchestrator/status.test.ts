import { describe, expect, test } from 'vitest';
import type { Call } from '../../src/orchestrator/operation.ts';
import { type Flow, flow } from '../helpers/flow.ts';
import { fails, hangs, ok } from '../helpers/scripted-worker.ts';
import { claimOne, DEAD_PID, holdLease, seedJob } from '../helpers/store.ts';
import { toolAnswer } from '../helpers/told.ts';

describe('get_job_status', () => {
  test('accounts for every unit at any time', async () => {
    const f = flow();
    const job_id = await f.begin({ units: 8, limits: { max_workers: 2, max_retries: 0, failure_threshold: 0 } });
    f.worker.on(1, fails('timeout'));
    f.worker.on(2, hangs);
    await f.call('manage_units', { job_id, action: 'skip', units: [7] });
    await f.call('manage_units', { job_id, action: 'cancel', units: [6] });
    for (let round = 0; round < 8; round++) {
      const { units } = await f.call('get_job_status', { job_id });
      const { total, ...parts } = units;
      expect(Object.values(parts).reduce((sum, n) => sum + n, 0)).toBe(total);
      expect(total).toBe(8);
      await f.tick();
    }
    expect((await f.call('get_job_status', { job_id })).units).toEqual({
      total: 8,
      pending: 0,
      running: 1,
      completed: 4,
      failed: 1,
      skipped: 1,
      cancelled: 1,
    });
  });

  test('shows running units, the rate and the cost', async () => {
    const f = flow();
    f.worker.otherwise = ok({}, { costUsd: 0.01, inputTokens: 100, outputTokens: 10 });
    const job_id = await f.begin({ units: 4, limits: { max_workers: 1 } });
    f.worker.on(2, hangs);
    await f.until(() => f.worker.running().includes(2));
    f.clock.advance(60_000);
    const status = await f.call('get_job_status', { job_id });
    expect(status).toMatchObject({
      cost_usd: 0.02,
      tokens: { input: 200, output: 20 },
      progress: { done: 2, percent: 50 },
      at_work: [{ unit: 2, attempt: 1 }],
    });
  });

  test.each([
    ['created', 'none'],
    ['paused', 'none'],
    ['completed', 'none'],
    ['running', 'lost'],
    ['enumerating', 'lost'],
  ] as const)('of a job that is %s and has no executor, or a dead one, says %s', async (status, state) => {
    const f = flow();
    const { jobId } = await seedJob(f.store, { status, patch: { startedAt: 1 } });
    expect(await f.call('get_job_status', { job_id: jobId })).toMatchObject({ executor: { state } });
    await holdLease(f.store, jobId, DEAD_PID);
    expect(await f.call('get_job_status', { job_id: jobId })).toMatchObject({ executor: { state } });
  });

  test('of a paused job calls its executor lost only while the job needs another one', async () => {
    const f = flow();
    const waiting = await seedJob(f.store, { status: 'paused', patch: { pauseReason: 'usage_limit' } });
    const withAgent = await seedJob(f.store);
    await claimOne(f.store, await holdLease(f.store, withAgent.jobId, DEAD_PID), 0);
    await f.store.repository.transaction({ job: withAgent.jobId }, async (tx) =>
      tx.jobs.move(withAgent.jobId, 'paused'),
    );
    for (const { jobId } of [waiting, withAgent]) {
      expect((await f.call('get_job_status', { job_id: jobId })).executor.state).toBe('lost');
    }
  });

  test('distinguishes a lost executor from a living one and from one that is starting', async () => {
    const f = flow();
    const { repository } = f.store;
    const { jobId } = await seedJob(f.store);
    const state = async () => (await f.call('get_job_status', { job_id: jobId })).executor.state;
    await repository.transaction({ job: jobId }, async (tx) => tx.events.add(jobId, { type: 'job:started' }));
    expect(await state()).toBe('none');
    f.clock.advance(60_000);
    expect(await state()).toBe('lost');
    await holdLease(f.store, jobId);
    expect(await state()).toBe('alive');
    const lost = await seedJob(f.store);
    await holdLease(f.store, lost.jobId, DEAD_PID);
    expect(await toolAnswer(f, 'get_job_status', { job_id: lost.jobId })).toMatchObject({
      executor: { state: 'lost' },
      next: [{ tool: 'resume_job' }],
    });
  });
});

describe('waiting for news', () => {
  const waiting = (f: Flow, job_id: string, call: Partial<Call> = {}) => {
    let answered = false;
    const answer = f.call('get_job_status', { job_id, wait_seconds: 45 }, call).finally(() => {
      answered = true;
    });
    return { answer, hasAnswered: () => answered };
  };

  test.each<[string, (f: Flow, job_id: string) => unknown]>([
    ['the job ends', (f) => f.worker.finish(0)],
    ['a unit fails for the first time', (f) => f.worker.finish(0, fails('bad_input'))],
    ['a person pauses it', (f, job_id) => f.call('pause_job', { job_id })],
    ['somebody cancels it', (f, job_id) => f.call('cancel_job', { job_id })],
  ])('ends as soon as %s', async (_what, happens) => {
    const f = flow();
    const job_id = await f.begin({ units: 1 });
    f.worker.on(0, hangs);
    await f.until(() => f.worker.running().length === 1);
    const wait = waiting(f, job_id);
    await f.tick(5);
    expect(wait.hasAnswered()).toBe(false);
    await happens(f, job_id);
    await f.until(wait.hasAnswered, 10);
    await wait.answer;
  });

  test('ends with its time, and never after the time of its caller', async () => {
    const f = flow();
    const job_id = await f.begin({ units: 1 });
    f.worker.on(0, hangs);
    await f.until(() => f.worker.running().length === 1);
    const impatient = waiting(f, job_id, { maxWaitMs: 2000 });
    const patient = waiting(f, job_id);
    await f.tick(20);
    expect([impatient.hasAnswered(), patient.hasAnswered()]).toEqual([true, false]);
    await f.tick(240);
    expect(patient.hasAnswered()).toBe(true);
  });

  test('reports progress', async () => {
    const f = flow();
    const job_id = await f.begin({ units: 3, limits: { max_workers: 1 } });
    f.worker.on(2, hangs);
    const told: string[] = [];
    const wait = waiting(f, job_id, { onProgress: ({ message }) => told.push(message) });
    await f.until(() => f.worker.running().includes(2));
    f.worker.finish(2);
    await f.until(wait.hasAnswered);
    expect(told.at(0)).toBe('running: 0 of 3 units done, 0 at work');
    expect(told).toContain('running: 2 of 3 units done, 1 at work');
  });

  test('is ended by the caller', async () => {
    const f = flow();
    const job_id = await f.begin({ units: 1 });
    const controller = new AbortController();
    const wait = waiting(f, job_id, { signal: controller.signal });
    controller.abort();
    expect(await wait.answer).toMatchObject({ status: 'running' });
  });

  test.each(['created', 'completed', 'failed', 'cancelled', 'paused'] as const)(
    'for a job that is %s ends at once: it does not continue without a person',
    async (status) => {
      const f = flow();
      const { jobId } = await seedJob(f.store, { status, patch: { pauseReason: status === 'paused' ? 'user' : null } });
      expect(await f.call('get_job_status', { job_id: jobId, wait_seconds: 45 })).toMatchObject({ status });
    },
  );
});
