import { describe, expect, test } from 'vitest';
import { type Flow, flow } from '../helpers/flow.ts';
import { fails, hangs, ok } from '../helpers/scripted-worker.ts';

/** Starts a call that waits; says when it has its answer. */
function waiting(f: Flow, job_id: string, tool: 'get_job_status' | 'start_job' = 'get_job_status', wait_seconds = 45) {
  const state: { answer?: Awaited<ReturnType<typeof f.call<'get_job_status'>>> } = {};
  const begun = f.clock.monotonic();
  void f.call(tool, { job_id, wait_seconds }).then((answer) => {
    state.answer = answer;
  });
  return {
    /** The answer, which came long before the end of the wait. */
    answered: async () => {
      await f.until(() => state.answer !== undefined);
      expect(f.clock.monotonic() - begun).toBeLessThan(10_000);
      return state.answer;
    },
    isAnswered: () => state.answer !== undefined,
  };
}

async function running(options: Parameters<Flow['begin']>[0] = {}) {
  const f = flow();
  f.worker.otherwise = hangs;
  const job_id = await f.begin({
    units: 6,
    limits: { max_workers: 3, max_retries: 0, failure_threshold: 0 },
    ...options,
  });
  await f.until(() => f.worker.running().length === 3);
  return { f, job_id };
}

describe('a call that waits is answered at once', () => {
  test.each(['get_job_status', 'start_job'] as const)('when the test has ended: %s', async (tool) => {
    const f = flow();
    f.worker.otherwise = hangs;
    const job_id = await f.create();
    await f.call('start_job', { job_id, wait_seconds: 0 });
    const call = waiting(f, job_id, tool);
    await f.until(() => f.worker.running().length === 1);
    await f.tick(20);
    expect(call.isAnswered()).toBe(false);
    f.worker.finish(0);
    expect(await call.answered()).toMatchObject({ status: 'testing', test: { state: 'passed' } });
  });

  test('when the job has ended', async () => {
    const { f, job_id } = await running({ units: 3 });
    const call = waiting(f, job_id);
    for (const unit of [0, 1, 2]) f.worker.finish(unit);
    expect(await call.answered()).toMatchObject({ status: 'completed', units: { completed: 3 } });
  });

  test('when a person pauses it', async () => {
    const { f, job_id } = await running();
    const call = waiting(f, job_id);
    await f.tick();
    await f.call('pause_job', { job_id });
    expect(await call.answered()).toMatchObject({ status: 'paused', pause_reason: 'user' });
  });

  test('when it pauses itself', async () => {
    const { f, job_id } = await running();
    const call = waiting(f, job_id);
    f.worker.finish(0, fails('auth'));
    expect(await call.answered()).toMatchObject({ status: 'paused', pause_reason: 'auth' });
  });

  test('at the first failure, and not at the next one', async () => {
    const { f, job_id } = await running();
    const first = waiting(f, job_id);
    f.worker.finish(0, fails('bad_input'));
    expect(await first.answered()).toMatchObject({ status: 'running', failures: [{ class: 'bad_input', count: 1 }] });
    const second = waiting(f, job_id);
    f.worker.finish(1, fails('bad_input'));
    await f.tick(20);
    expect(second.isAnswered()).toBe(false);
  });

  test('when the job does not continue without a person', async () => {
    const f = flow();
    const job_id = await f.create();
    expect(await waiting(f, job_id).answered()).toMatchObject({ status: 'created' });
    await f.call('cancel_job', { job_id });
    expect(await waiting(f, job_id).answered()).toMatchObject({ status: 'cancelled' });
  });
});

describe('without news', () => {
  test('a call is answered when its time is over, and reports progress meanwhile', async () => {
    const { f, job_id } = await running();
    const heard: unknown[] = [];
    let answered = false;
    const begun = f.clock.monotonic();
    const call = f.call('get_job_status', { job_id, wait_seconds: 8 }, { onProgress: (step) => heard.push(step) });
    void call.then(() => {
      answered = true;
    });
    f.worker.finish(0);
    await f.until(() => answered);
    expect(f.clock.monotonic() - begun).toBeGreaterThanOrEqual(8000);
    expect(f.clock.monotonic() - begun).toBeLessThan(9000);
    expect(heard).toEqual([
      { done: 0, total: 6, message: 'running: 0 of 6 units done, 3 at work' },
      { done: 1, total: 6, message: 'running: 1 of 6 units done, 3 at work' },
    ]);
  });

  test('no call outlasts maxWaitMs, however long it worked before the wait', async () => {
    const f = flow();
    f.worker.otherwise = hangs;
    const job_id = await f.create();
    Object.defineProperty(f.worker, 'preflight', {
      get() {
        f.clock.advance(30_000);
        return { ok: true, summary: 'ready' };
      },
    });
    let answered = false;
    const begun = f.clock.monotonic();
    void f.call('start_job', { job_id, wait_seconds: 45 }, { maxWaitMs: 45_000 }).then(() => {
      answered = true;
    });
    await f.until(() => answered, 400);
    expect(f.clock.monotonic() - begun).toBeLessThan(46_000);
  });

  test('an aborted call ends its wait', async () => {
    const { f, job_id } = await running();
    const gone = new AbortController();
    const call = f.call('get_job_status', { job_id, wait_seconds: 45 }, { signal: gone.signal });
    gone.abort();
    expect(await call).toMatchObject({ status: 'running' });
  });
});

test('failures that will be retried are reported apart from final ones', async () => {
  const f = flow();
  f.worker.on(0, fails('bad_input'));
  f.worker.on(1, fails('timeout'), hangs);
  f.worker.on(2, fails('rate_limited', { retryAfterMs: 5000 }));
  f.worker.otherwise = ok();
  const job_id = await f.begin({ units: 4, limits: { failure_threshold: 0 } });
  await f.until(() => f.worker.running().includes(1));
  expect(await f.call('get_job_status', { job_id })).toMatchObject({
    units: { failed: 1, running: 1, pending: 1, completed: 1 },
    failures: [{ class: 'bad_input', count: 1 }],
    retrying: expect.arrayContaining([
      { class: 'timeout', count: 1 },
      { class: 'rate_limited', count: 1 },
    ]),
  });
  f.worker.finish(1);
  await f.until(async () => (await f.job(job_id)).status === 'failed');
  expect((await f.call('get_job_status', { job_id })).retrying).toBeUndefined();
});
