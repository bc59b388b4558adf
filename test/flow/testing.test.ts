import { describe, expect, test } from 'vitest';
import { FAILURE_CLASSES } from '../../src/domain/failure.ts';
import { type Flow, flow } from '../helpers/flow.ts';
import { fails, hangs, ok } from '../helpers/scripted-worker.ts';
import { told, toolAnswer, worded } from '../helpers/told.ts';

const start = (
  f: Flow,
  job_id: string,
  more: { approve?: boolean; note?: string; skip_test?: boolean; again?: boolean } = {},
) => f.call('start_job', { job_id, wait_seconds: 0, ...more });

describe('the test of a job', () => {
  test('runs one unit, waits for approval and keeps its result for the batch', async () => {
    const f = flow();
    const jobId = await f.create({ units: 4 });
    f.worker.on(0, ok({ text: 'tested' }, { costUsd: 0.5 }));
    expect((await start(f, jobId)).status).toBe('testing');
    await f.until(async () => (await f.job(jobId)).test?.state === 'passed');
    expect(await f.statuses(jobId)).toBe('completed pending pending pending');
    expect(f.hasExecutor(jobId)).toBe(false);
    const tested = await start(f, jobId);
    expect(tested).toMatchObject({
      status: 'testing',
      test: {
        state: 'passed',
        verdict: '1 test unit completed.',
        cost_usd: 0.5,
        results: [{ unit: 0, result: 'tested' }],
      },
      estimate: { remaining_units: 3, cost_usd: [1.5, 1.5] },
    });
    await start(f, jobId, { approve: true, note: 'good' });
    await f.until(async () => (await f.job(jobId)).status === 'completed');
    expect((await f.attempts(jobId, 0)).map(({ purpose }) => purpose)).toEqual(['test']);
    expect(f.worker.runs).toHaveLength(4);
    expect((await f.events(jobId)).map(({ type }) => type)).toEqual([
      'job:created',
      'job:test_started',
      'executor:started',
      'attempt:started',
      'unit:completed',
      'job:test_passed',
      'executor:stopped',
      'job:approved',
      'job:started',
      'executor:started',
      ...['attempt:started', 'attempt:started', 'attempt:started'],
      ...['unit:completed', 'unit:completed', 'unit:completed'],
      'job:completed',
    ]);
  });

  test.each([
    [2, 10, [0, 9]],
    [3, 10, [0, 5, 9]],
    [5, 5, [0, 1, 2, 3, 4]],
    [20, 3, [0, 1, 2]],
    [1, 10, [0]],
  ])('%i test units of %i are spread over the source', async (tested, units, expected) => {
    const f = flow();
    const jobId = await f.create({ units, test: { units: tested } });
    await start(f, jobId);
    expect((await f.job(jobId)).test?.units).toEqual(expected);
    await f.until(async () => (await f.job(jobId)).test?.state === 'passed');
    expect(f.worker.runs.map(({ assignment }) => assignment.index).sort((a, b) => a - b)).toEqual(expected);
  });

  test('is left out for a job that was created to skip it, unless the call asks for one', async () => {
    const f = flow();
    const skipping = await f.create({ units: 3, test: { skip: true } });
    expect((await f.call('get_job', { job_id: skipping })).test).toEqual({ skip: true });
    await start(f, skipping);
    expect(await f.job(skipping)).toMatchObject({ status: 'running', test: null });
    const tested = await f.create({ units: 3, test: { units: 2, skip: true } });
    await f.call('start_job', { job_id: tested, skip_test: false, wait_seconds: 0 });
    expect(await f.job(tested)).toMatchObject({ status: 'testing', test: { units: [0] } });
  });

  test('does not select skipped units', async () => {
    const f = flow();
    const jobId = await f.create({ units: 6, test: { units: 3 } });
    await f.call('manage_units', { job_id: jobId, action: 'skip', units: [0, 4, 5] });
    await start(f, jobId);
    expect((await f.job(jobId)).test?.units).toEqual([1, 2, 3]);
  });

  test('a job with no pending unit has nothing to test', async () => {
    const f = flow();
    const jobId = await f.create({ units: 2 });
    await f.call('manage_units', { job_id: jobId, action: 'skip' });
    await expect(start(f, jobId)).rejects.toMatchObject({ code: 'conflict', message: /no pending unit/ });
    expect((await f.job(jobId)).status).toBe('created');
  });

  test.each(FAILURE_CLASSES.filter((name) => name !== 'interrupted'))(
    '%s ends it failed, with the reason and what to do, and never pauses the job',
    async (failureClass) => {
      const f = flow();
      const jobId = await f.create({ units: 20, test: { units: 2 } });
      f.worker.otherwise = fails(failureClass, { retryAfterMs: 1000 });
      await start(f, jobId);
      await f.until(async () => (await f.job(jobId)).test?.state === 'failed');
      const { status, test } = await f.job(jobId);
      expect(status).toBe('testing');
      expect(test?.verdict).toMatch(/^2 of 2 test units did not complete: /);
      if (failureClass !== 'cancelled') expect((await told(f, jobId)).verdict).toMatch(/It was .+\. [A-Z].+\.$/);
      expect(f.worker.runs).toHaveLength(2);
      expect(await f.unit(jobId, 0)).toMatchObject({ retriesUsed: 0, deferrals: 0, attempt: 1 });
      await f.until(() => !f.hasExecutor(jobId));
    },
  );

  test('fails when one of its units fails', async () => {
    const f = flow();
    const jobId = await f.create({ units: 9, test: { units: 3 } });
    f.worker.on(4, fails('agent_error', { message: 'I cannot read it' }));
    await start(f, jobId);
    await f.until(async () => (await f.job(jobId)).test?.state === 'failed');
    expect((await told(f, jobId)).verdict).toContain(
      '1 of 3 test units did not complete: I cannot read it. Read the agent',
    );
  });

  test('closes a quota window for all jobs', async () => {
    const f = flow();
    const jobId = await f.create();
    f.worker.on(0, fails('usage_limit', { resumeAt: f.clock.now() + 60_000 }));
    await start(f, jobId);
    await f.until(async () => (await f.job(jobId)).test?.state === 'failed');
    expect((await told(f, jobId)).verdict).toContain('Once the window has opened');
    const other = await f.begin();
    await f.until(async () => (await f.job(other)).pauseReason === 'usage_limit');
    expect(f.worker.runs).toHaveLength(1);
  });

  test('replaces an executor that died once, and fails at the second death', async () => {
    const f = flow();
    const jobId = await f.create();
    f.worker.on(0, hangs, hangs);
    await start(f, jobId);
    await f.until(() => f.worker.runs.length === 1);
    await f.killExecutor(jobId);
    await f.recover(jobId);
    await f.until(() => f.worker.runs.length === 2);
    expect((await f.job(jobId)).test).toMatchObject({ state: 'running', executorsLost: 1 });
    await f.killExecutor(jobId);
    await f.recover(jobId);
    await f.until(async () => (await f.job(jobId)).test?.state === 'failed');
    expect((await told(f, jobId)).verdict).toMatch(
      /died twice during the test; its log is .*\.log\. Read its log, then start_job with again=true\.$/,
    );
    await f.until(() => !f.hasExecutor(jobId));
    expect(f.worker.runs).toHaveLength(2);
    await start(f, jobId, { approve: false });
    expect(await f.statuses(jobId)).toBe('pending pending pending pending pending');
  });

  test.each(['on disk', 'alive'])('settles what was %s before the second death fails it', async (left) => {
    const f = flow();
    const jobId = await f.create();
    f.worker.on(0, hangs, hangs);
    await start(f, jobId);
    await f.until(() => f.worker.runs.length === 1);
    await f.killExecutor(jobId);
    await f.recover(jobId);
    await f.until(() => f.worker.runs.length === 2);
    await f.killExecutor(jobId);
    f.worker.leaves(0, left === 'alive' ? 'alive' : ok());
    await f.recover(jobId);
    await f.tick(3);
    if (left === 'alive') f.worker.finish(0);
    await f.until(() => !f.hasExecutor(jobId));
    expect((await f.job(jobId)).test).toMatchObject({ state: 'passed', executorsLost: 2 });
    expect((await f.unit(jobId, 0)).status).toBe('completed');
  });

  test('uses a result that was on disk when its executor died', async () => {
    const f = flow();
    const jobId = await f.create();
    f.worker.on(0, hangs);
    await start(f, jobId);
    await f.until(() => f.worker.runs.length === 1);
    await f.killExecutor(jobId);
    f.worker.leaves(0, ok({ text: 'from the files' }));
    await f.recover(jobId);
    await f.until(async () => (await f.job(jobId)).test?.state === 'passed');
    expect(await f.attempts(jobId, 0)).toMatchObject([{ status: 'succeeded', result: { text: 'from the files' } }]);
  });
});

describe('a rejected test', () => {
  test('puts its units back with nothing counted against them, and keeps the attempts in history', async () => {
    const f = flow();
    const jobId = await f.create({ units: 3 });
    f.worker.on(0, fails('agent_error', { usage: { costUsd: 0.25 } }));
    await start(f, jobId);
    await f.until(async () => (await f.job(jobId)).test?.state === 'failed');
    const rejected = await start(f, jobId, { approve: false, note: 'the prompt is wrong' });
    expect(rejected).toMatchObject({ status: 'created', cost_usd: 0.25 });
    expect((await f.job(jobId)).test).toBeNull();
    expect(await f.unit(jobId, 0)).toMatchObject({ status: 'pending', retriesUsed: 0, failureClass: null, attempt: 1 });
    expect(await f.attempts(jobId, 0)).toMatchObject([{ purpose: 'test', status: 'failed' }]);
    expect(await f.events(jobId, 'job:rejected')).toMatchObject([{ data: { note: 'the prompt is wrong' } }]);
  });

  test('while running is stopped for good, and a later test starts a new session', async () => {
    const f = flow();
    const jobId = await f.create({ units: 2 });
    f.worker.on(0, hangs);
    f.worker.used(0, { sessionId: 'old' });
    await start(f, jobId);
    await f.until(() => f.worker.running().length === 1);
    await start(f, jobId, { approve: false });
    await f.until(() => !f.hasExecutor(jobId));
    expect(await f.attempts(jobId, 0)).toMatchObject([{ status: 'cancelled', usage: { sessionId: 'old' } }]);
    await start(f, jobId);
    await f.until(async () => (await f.job(jobId)).test?.state === 'passed');
    expect(f.worker.runs[1]?.assignment.resumeSessionId).toBeNull();
  });

  test('while running is stopped at once, and a new test of the unit waits for its end', async () => {
    const f = flow();
    const jobId = await f.create({ units: 2 });
    f.worker.on(0, hangs);
    f.worker.used(0, { costUsd: 0.1, sessionId: 'old' });
    await start(f, jobId);
    await f.until(() => f.worker.runs.length === 1);
    await start(f, jobId, { approve: false });
    await start(f, jobId);
    expect(f.worker.runs).toHaveLength(1);
    await f.until(async () => (await f.job(jobId)).test?.state === 'passed');
    expect(f.worker.runs[0]?.stopped()).toBe('cancelled');
    expect(await f.attempts(jobId, 0)).toMatchObject([
      { attempt: 1, status: 'cancelled', usage: { costUsd: 0.1 } },
      { attempt: 2, status: 'succeeded' },
    ]);
    // The rejected session is not continued.
    expect(f.worker.runs[1]?.assignment.resumeSessionId).toBeNull();
    expect((await f.job(jobId)).costUsd).toBe(0.1);
  });
});

describe('start_job rejects what is not possible, and changes nothing', () => {
  type Setup = (f: Flow, jobId: string) => Promise<void>;
  const testing: Setup = async (f, jobId) => {
    f.worker.on(0, hangs);
    await start(f, jobId);
    await f.until(() => f.worker.running().length === 1);
  };
  const failed: Setup = async (f, jobId) => {
    f.worker.on(0, fails('timeout'));
    await start(f, jobId);
    await f.until(async () => (await f.job(jobId)).test?.state === 'failed');
  };
  const passed: Setup = async (f, jobId) => {
    await start(f, jobId);
    await f.until(async () => (await f.job(jobId)).test?.state === 'passed');
  };
  const running: Setup = async (f, jobId) => {
    f.worker.otherwise = hangs;
    await start(f, jobId, { skip_test: true });
    await f.until(() => f.worker.running().length > 0);
  };
  const paused: Setup = async (f, jobId) => {
    await running(f, jobId);
    await f.call('pause_job', { job_id: jobId });
  };
  const cancelled: Setup = async (f, jobId) => {
    await f.call('cancel_job', { job_id: jobId });
  };

  test.each<[string, Setup | null, Parameters<typeof start>[2], RegExp]>([
    ['approve a job that was never tested', null, { approve: true }, /no test to approve yet/],
    ['reject a job that was never tested', null, { approve: false }, /no test to reject yet/],
    ['approve while the test runs', testing, { approve: true }, /only a passed test can be approved/],
    ['approve a failed test', failed, { approve: true }, /only a passed test can be approved/],
    ['skip the test when it has begun', passed, { skip_test: true }, /skip_test works only on a created job/],
    ['approve a running job', running, { approve: true }, /approve works only while its test is waiting/],
    ['reject a running job', running, { approve: false }, /reject works only while its test is waiting/],
    ['start a paused job', paused, {}, /only a created or tested job can be started/],
    ['approve a paused job', paused, { approve: true }, /approve works only while/],
    ['start a cancelled job', cancelled, {}, /only a created or tested job can be started/],
    ['skip the test of a cancelled job', cancelled, { skip_test: true }, /skip_test works only/],
  ])('%s', async (_what, setup, given, message) => {
    const f = flow();
    const jobId = await f.create();
    await setup?.(f, jobId);
    const before = await f.job(jobId);
    await expect(worded(start(f, jobId, given))).rejects.toMatchObject({
      code: 'conflict',
      message,
      hint: expect.stringMatching(/\w/),
    });
    expect(await f.job(jobId)).toEqual(before);
  });

  test('approval of a test that was replaced by another one', async () => {
    const f = flow();
    const jobId = await f.create();
    await passed(f, jobId);
    const seen = await f.job(jobId);
    await start(f, jobId, { approve: false });
    await testing(f, jobId);
    const { jobs } = f.store.repository;
    const get = jobs.get.bind(jobs);
    let looks = 0;
    Object.assign(jobs, { get: async (id: string) => (looks++ === 0 ? seen : get(id)) });
    await expect(start(f, jobId, { approve: true })).rejects.toMatchObject({ code: 'conflict' });
    Object.assign(jobs, { get });
    expect(await f.job(jobId)).toMatchObject({ status: 'testing', test: { state: 'running' } });
  });

  test('a worker whose preflight fails', async () => {
    const f = flow();
    const jobId = await f.create();
    f.worker.preflight = { ok: false, failureClass: 'auth', message: 'not logged in', hint: 'Log in.' };
    const before = await f.job(jobId);
    for (const more of [{}, { skip_test: true }]) {
      const refusal = { code: 'worker_unavailable', message: /not logged in/, hint: 'Log in.' };
      await expect(start(f, jobId, more)).rejects.toMatchObject(refusal);
    }
    expect(await f.job(jobId)).toEqual(before);
  });

  test('inside an agent that ABP runs', async () => {
    const f = flow({ environment: { ABP_ATTEMPT_ID: 'x' } });
    await expect(f.create()).rejects.toMatchObject({ code: 'invalid_input', message: /cannot create or start jobs/ });
    expect((await f.store.repository.jobs.list({ limit: 9, statuses: ['enumerating', 'created'] })).total).toBe(0);
  });

  test('without a variable that its worker needs', async () => {
    const f = flow();
    const jobId = await f.create({ worker: { type: 'scripted', pass_env: ['TOKEN'] } });
    await expect(start(f, jobId)).rejects.toMatchObject({ code: 'environment', message: /needs TOKEN/ });
    expect(await f.job(jobId)).toMatchObject({ status: 'created', test: null });
  });
});

describe('with ABP_SKIP_TEST', () => {
  test('starts a created job without a test', async () => {
    const f = flow({ defaults: { skipTest: true } });
    const jobId = await f.create();
    expect((await start(f, jobId)).status).toBe('running');
    await f.until(async () => (await f.job(jobId)).status === 'completed');
    expect((await f.job(jobId)).test).toBeNull();
  });
});

test('a call during the test returns as soon as its result exists', async () => {
  const f = flow();
  const jobId = await f.create();
  f.worker.on(0, hangs);
  await start(f, jobId);
  await f.until(() => f.worker.running().length === 1);
  const waiting = f.call('start_job', { job_id: jobId, wait_seconds: 45 });
  const before = f.clock.monotonic();
  f.worker.finish(0);
  await f.until(async () => (await f.job(jobId)).test?.state === 'passed');
  await f.tick();
  expect(await waiting).toMatchObject({ test: { state: 'passed' } });
  expect(f.clock.monotonic() - before).toBeLessThan(10_000);
});

test('the budget also limits a test', async () => {
  const f = flow();
  const jobId = await f.create({ limits: { budget_usd: 1 }, worker: { type: 'scripted', max_budget_usd: 2 } });
  await start(f, jobId);
  await f.until(async () => (await f.job(jobId)).test?.state === 'failed');
  expect((await told(f, jobId)).verdict).toMatch(
    /budget of \$1 does not cover another attempt: .* with update_job, then start_job with again=true\./,
  );
  expect(f.worker.runs).toHaveLength(0);
});

test('the result of a test is below 10 kB and says where the rest is', async () => {
  const f = flow();
  const job_id = await f.create({ units: 9, test: { units: 6 } });
  const many = Array.from({ length: 50 }, (_, n) => `/some/where/${n}/${'x'.repeat(300)}`);
  const notes = { toolsUsed: { Read: 3 }, toolsDenied: many.map((file) => `Write(${file})`), filesChanged: many };
  f.worker.otherwise = { ...fails('incomplete', { message: 'refused '.repeat(500) }), notes };
  await start(f, job_id);
  await f.until(async () => (await f.job(job_id)).test?.state === 'failed');
  const shown = () => toolAnswer(f, 'start_job', { job_id, wait_seconds: 0 });
  const failed = await shown();
  expect(JSON.stringify(failed).length).toBeLessThan(10_000);
  expect(failed.test).toMatchObject({ results_left_out: 1 });
  const [first] = failed.test?.results ?? [];
  expect(first).toMatchObject({
    tools_used: { Read: 3 },
    tools_denied_left_out: expect.any(Number),
    files_changed_left_out: expect.any(Number),
    duration_s: expect.any(Number),
    conversation: {
      tool: 'get_unit',
      arguments: { job_id, unit: 0, attempt: 1, conversation: true },
      path: (await f.attempts(job_id, 0))[0]?.runDirectory,
    },
  });

  await start(f, job_id, { approve: false });
  f.worker.otherwise = { ...ok({ text: 'long '.repeat(5000) }), notes };
  await start(f, job_id);
  await f.until(async () => (await f.job(job_id)).test?.state === 'passed');
  expect(JSON.stringify(await shown()).length).toBeLessThan(10_000);
});

test('keys in denied commands are not stored', async () => {
  const f = flow();
  const job_id = await f.create();
  f.worker.on(0, { ...ok(), notes: { toolsDenied: ['Bash(curl -H "Authorization: Bearer abcdefghijkl")'] } });
  await start(f, job_id);
  await f.until(async () => (await f.job(job_id)).test?.state === 'passed');
  expect((await f.attempts(job_id, 0))[0]?.notes?.toolsDenied).toEqual([
    'Bash(curl -H "Authorization: Bearer [redacted]")',
  ]);
});

test('a late executor changes nothing: the job is as before the test', async () => {
  const f = flow();
  const jobId = await f.create();
  f.worker.on(0, hangs);
  const { launcher } = f.orchestrator.deps;
  const { ensureExecutor } = launcher;
  Object.assign(launcher, {
    ensureExecutor: async (...args: Parameters<typeof ensureExecutor>) => {
      await ensureExecutor(...args);
      await f.until(() => f.worker.running().length === 1);
      throw new Error('no lease in time.');
    },
  });
  await expect(start(f, jobId)).rejects.toThrow('no lease in time');
  Object.assign(launcher, { ensureExecutor });
  await f.until(() => !f.hasExecutor(jobId));
  expect(await f.job(jobId)).toMatchObject({ status: 'created', test: null });
  expect((await f.unit(jobId, 0)).status).toBe('pending');
  expect(await f.attempts(jobId, 0)).toMatchObject([{ status: 'cancelled' }]);
  await start(f, jobId);
  await f.until(async () => (await f.job(jobId)).test?.state === 'passed');
});

describe('a failed test', () => {
  const failed = async (f: Flow) => {
    const jobId = await f.create({ units: 4, test: { units: 2 } });
    f.worker.on(0, fails('agent_error'));
    await start(f, jobId);
    await f.until(async () => (await f.job(jobId)).test?.state === 'failed');
    return jobId;
  };

  test('is repeated in one step with the same units, and its attempts stay in history', async () => {
    const f = flow();
    const jobId = await failed(f);
    expect((await told(f, jobId)).verdict).toMatch(/then start_job with again=true\./);
    expect((await start(f, jobId, { again: true })).test).toMatchObject({ state: 'running', units: [0, 3] });
    await f.until(async () => (await f.job(jobId)).test?.state === 'passed');
    expect((await f.attempts(jobId, 0)).map(({ status }) => status)).toEqual(['failed', 'succeeded']);
    expect(await f.unit(jobId, 0)).toMatchObject({ status: 'completed', retriesUsed: 0 });
    expect(await f.events(jobId, 'job:rejected')).toEqual([]);
    expect((await f.events(jobId, 'job:test_started')).map(({ data }) => data)).toEqual([
      { units: [0, 3] },
      { units: [0, 3], again: true },
    ]);
    await start(f, jobId, { approve: true });
    await f.until(async () => (await f.job(jobId)).status === 'completed');
  });

  test('may fail again and be repeated again', async () => {
    const f = flow();
    const jobId = await failed(f);
    f.worker.on(0, fails('timeout'));
    await start(f, jobId, { again: true });
    await f.until(async () => (await f.job(jobId)).test?.state === 'failed');
    await start(f, jobId, { again: true });
    await f.until(async () => (await f.job(jobId)).test?.state === 'passed');
    expect(await f.attempts(jobId, 0)).toHaveLength(3);
  });

  test('whose job was put back is started as usual', async () => {
    const f = flow();
    const jobId = await failed(f);
    await start(f, jobId, { approve: false });
    expect((await start(f, jobId, { again: true })).status).toBe('testing');
  });

  test.each([
    ['with a decision', { approve: true }],
    ['with skip_test', { skip_test: true }],
  ])('is not repeated %s, and nothing changes', async (_what, more) => {
    const f = flow();
    const jobId = await failed(f);
    const before = await f.job(jobId);
    await expect(start(f, jobId, { again: true, ...more })).rejects.toMatchObject({ code: 'invalid_input' });
    expect(await f.job(jobId)).toEqual(before);
  });

  test('is the only case for again: a passed or running test and a running job do not change', async () => {
    const f = flow();
    const jobId = await f.create({ units: 2 });
    f.worker.on(0, hangs);
    await start(f, jobId);
    await f.until(() => f.worker.running().length === 1);
    await expect(worded(start(f, jobId, { again: true }))).rejects.toMatchObject({ code: 'conflict', hint: /Wait/ });
    f.worker.finish(0);
    await f.until(async () => (await f.job(jobId)).test?.state === 'passed');
    await expect(worded(start(f, jobId, { again: true }))).rejects.toMatchObject({
      code: 'conflict',
      hint: /approve=true/,
    });
    f.worker.otherwise = hangs;
    await start(f, jobId, { approve: true });
    await expect(start(f, jobId, { again: true })).rejects.toMatchObject({ code: 'conflict' });
  });
});
