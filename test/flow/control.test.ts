import { describe, expect, test } from 'vitest';
import { hint, mention } from '../../src/domain/hint.ts';
import type { JobStatus } from '../../src/domain/job.ts';
import { UNIT_STATUSES } from '../../src/domain/unit.ts';
import type { InputOf } from '../../src/orchestrator/index.ts';
import { type Flow, flow, flowOn } from '../helpers/flow.ts';
import { fails, hangs, ok } from '../helpers/scripted-worker.ts';
import { DEAD_PID, holdLease, seedJob } from '../helpers/store.ts';
import { told, toolAnswer, worded } from '../helpers/told.ts';

/** A running job whose first units hang in their slots. */
async function busy(units = 6, max_workers = 2): Promise<{ f: Flow; job_id: string }> {
  const f = flow();
  const job_id = await f.begin({ units, limits: { max_workers } });
  f.worker.otherwise = hangs;
  await f.until(() => f.worker.running().length === max_workers);
  return { f, job_id };
}

describe('a pause', () => {
  test('lets running attempts finish, starts no other, and releases the job', async () => {
    const { f, job_id } = await busy();
    expect(await f.call('pause_job', { job_id })).toMatchObject({ status: 'paused', pause_reason: 'user' });
    await f.tick(3);
    expect(f.worker.runs.map((run) => run.stopped())).toEqual([null, null]);
    expect(f.hasExecutor(job_id)).toBe(true);
    f.worker.finish(0);
    f.worker.finish(1);
    await f.until(() => !f.hasExecutor(job_id));
    expect(await f.statuses(job_id)).toBe('completed completed pending pending pending pending');
    expect((await f.store.repository.leases.get(job_id))?.released).toBe(true);
  });

  test('in mode hard interrupts running units and puts them back, using no retry', async () => {
    const { f, job_id } = await busy();
    f.worker.used(0, { costUsd: 0.2, sessionId: 'session of 0' });
    await f.call('pause_job', { job_id, hard: true });
    await f.until(() => !f.hasExecutor(job_id));
    expect(f.worker.runs.map((run) => run.stopped())).toEqual(['interrupted', 'interrupted']);
    expect(await f.unit(job_id, 0)).toMatchObject({
      status: 'pending',
      retriesUsed: 0,
      interruptions: 0,
      failureClass: null,
    });
    expect(await f.attempts(job_id, 0)).toMatchObject([{ status: 'interrupted', usage: { costUsd: 0.2 } }]);
    expect((await f.job(job_id)).costUsd).toBe(0.2);
    // Resumed, it continues its session instead of starting over.
    f.worker.otherwise = ok();
    await f.call('resume_job', { job_id });
    await f.until(async () => (await f.job(job_id)).status === 'completed');
    expect(f.worker.runs[2]?.assignment).toMatchObject({ index: 0, attempt: 2, resumeSessionId: 'session of 0' });
    expect(f.worker.runs[3]?.assignment).toMatchObject({ index: 1, attempt: 2, resumeSessionId: null });
  });

  test('can be made hard later, but not soft again', async () => {
    const { f, job_id } = await busy();
    await f.call('pause_job', { job_id });
    await f.call('pause_job', { job_id, hard: true });
    await f.call('pause_job', { job_id });
    expect((await f.job(job_id)).pauseMode).toBe('hard');
    await f.until(() => !f.hasExecutor(job_id));
    expect((await f.events(job_id, 'job:paused')).map(({ data }) => data.mode)).toEqual(['soft', 'hard']);
  });

  test('twice has the same effect as once', async () => {
    const { f, job_id } = await busy();
    await f.call('pause_job', { job_id });
    const once = await f.job(job_id);
    await f.call('pause_job', { job_id });
    expect(await f.job(job_id)).toEqual(once);
  });

  test.each(['usage_limit', 'budget', 'failures', 'auth', 'worker_unavailable', 'disk', 'crashed'] as const)(
    'of a job paused by %s makes it a pause by a person',
    async (pauseReason) => {
      const { f, job_id } = await busy();
      const patch = { pauseReason, pauseMode: 'soft', statusMessage: 'why', resumeAt: f.clock.now() + 1000 } as const;
      await f.store.repository.transaction({ job: job_id }, async (tx) => tx.jobs.move(job_id, 'paused', { patch }));
      await f.call('pause_job', { job_id });
      expect(await f.job(job_id)).toMatchObject({
        status: 'paused',
        pauseReason: 'user',
        statusMessage: null,
        resumeAt: null,
      });
      f.worker.finish(0);
      f.worker.finish(1);
      await f.until(() => !f.hasExecutor(job_id));
      await f.after(60_000);
      expect((await f.job(job_id)).status).toBe('paused');
    },
  );

  test('while the last units end leaves the end of the job to resume_job', async () => {
    const { f, job_id } = await busy(2);
    await f.call('pause_job', { job_id });
    f.worker.finish(0);
    f.worker.finish(1);
    await f.until(() => !f.hasExecutor(job_id));
    expect((await f.job(job_id)).status).toBe('paused');
    await f.call('resume_job', { job_id });
    await f.until(async () => (await f.job(job_id)).status === 'completed');
  });
});

describe('a resume', () => {
  test('continues where the job was, without touching running attempts', async () => {
    const { f, job_id } = await busy();
    await f.call('pause_job', { job_id });
    await f.tick();
    expect(await f.call('resume_job', { job_id })).toMatchObject({ status: 'running', executor: { state: 'alive' } });
    expect(f.worker.running()).toEqual([0, 1]);
    f.worker.otherwise = ok();
    f.worker.finish(0);
    f.worker.finish(1);
    await f.until(async () => (await f.job(job_id)).status === 'completed');
    expect(f.worker.runs).toHaveLength(6);
  });

  test('of a running job changes nothing, and at its release keeps the executor', async () => {
    const { f, job_id } = await busy();
    const before = await f.job(job_id);
    await f.call('resume_job', { job_id });
    expect(await f.job(job_id)).toEqual(before);
    await f.call('pause_job', { job_id, hard: true });
    await f.until(() => f.worker.running().length === 0);
    await f.call('resume_job', { job_id });
    await f.until(() => f.worker.running().length === 2);
    expect(await f.events(job_id, 'executor:started')).toHaveLength(1);
  });

  test("between the executor's last check and its release keeps the executor", async () => {
    const late: (() => Promise<unknown>)[] = [];
    const f = flow({
      context: (context) => {
        const { transaction } = context.repository;
        const watched: typeof transaction = async (scope, work, options) => {
          const done = await transaction(scope, work, options);
          if ((done as { phase?: { kind: string } } | null)?.phase?.kind === 'leave') await late.pop()?.();
          return done;
        };
        return { ...context, repository: { ...context.repository, transaction: watched } };
      },
    });
    const job_id = await f.begin({ units: 2 });
    await f.call('pause_job', { job_id });
    const { repository } = f.store;
    late.push(() => repository.transaction({ job: job_id }, async (tx) => tx.jobs.move(job_id, 'running')));
    await f.until(async () => (await f.job(job_id)).status === 'completed');
    expect(await f.events(job_id, 'executor:started')).toHaveLength(1);
  });

  test('resets the circuit breaker', async () => {
    const f = flow();
    const jobId = await f.begin({ units: 30, limits: { max_workers: 1, max_retries: 0 } });
    for (let n = 0; n < 9; n++) f.worker.on(n, fails('timeout'));
    await f.until(async () => (await f.job(jobId)).pauseReason === 'failures');
    const tried = f.worker.runs.length;
    expect(tried).toBe(5);
    await f.until(() => !f.hasExecutor(jobId));
    await f.call('resume_job', { job_id: jobId });
    // Four more fail: nine of nine tried, but four since the resume.
    await f.until(async () => (await f.job(jobId)).status === 'failed');
    expect(await f.store.repository.units.counts(jobId)).toMatchObject({ failed: 9, completed: 21 });
  });
});

describe('slots', () => {
  test('change while the job runs, more at once, fewer as attempts end', async () => {
    const { f, job_id } = await busy(12);
    await f.call('resume_job', { job_id, max_workers: 5 });
    await f.until(() => f.worker.running().length === 5);
    await f.call('resume_job', { job_id, max_workers: 1 });
    await f.tick(3);
    expect(f.worker.running()).toHaveLength(5);
    for (const index of [0, 1, 2, 3]) f.worker.finish(index);
    await f.tick(3);
    expect(f.worker.running()).toEqual([4]);
    f.worker.finish(4);
    await f.tick(3);
    expect(f.worker.running()).toEqual([5]);
    expect((await f.events(job_id, 'job:slots_changed')).map(({ data }) => data.max_workers)).toEqual([5, 1]);
  });

  test('stay changed when another field is updated', async () => {
    const { f, job_id } = await busy();
    await f.call('resume_job', { job_id, max_workers: 3 });
    await f.call('pause_job', { job_id, hard: true });
    await f.call('update_job', { job_id, template: 'Again: {name}' });
    expect((await f.job(job_id)).maxWorkers).toBe(3);
    await f.call('update_job', { job_id, limits: { max_workers: 7 } });
    expect((await f.job(job_id)).maxWorkers).toBe(7);
  });

  test.each([0, -1, 1.5, 65])('reject the number %d', async (max_workers) => {
    const { f, job_id } = await busy();
    await expect(f.call('resume_job', { job_id, max_workers })).rejects.toMatchObject({ code: 'invalid_input' });
    expect((await f.job(job_id)).maxWorkers).toBe(2);
  });
});

describe('a cancelled job', () => {
  test('stops running units, cancels pending ones, keeps completed ones', async () => {
    const { f, job_id } = await busy();
    f.worker.finish(0);
    await f.until(async () => (await f.unit(job_id, 0)).status === 'completed' && f.worker.running().length === 2);
    f.worker.used(1, { costUsd: 0.3 });
    expect(await f.call('cancel_job', { job_id })).toMatchObject({
      status: 'cancelled',
      units: { cancelled: 5 },
      // A cancelled unit is over, but not done.
      progress: { done: 1, percent: 16.6 },
    });
    await f.until(() => !f.hasExecutor(job_id));
    expect(await f.statuses(job_id)).toBe('completed cancelled cancelled cancelled cancelled cancelled');
    expect(f.worker.runs.map((run) => run.stopped())).toEqual([null, 'cancelled', 'cancelled']);
    expect(await f.attempts(job_id, 1)).toMatchObject([{ status: 'cancelled', usage: { costUsd: 0.3 } }]);
    const once = await f.job(job_id);
    await f.call('cancel_job', { job_id });
    expect(await f.job(job_id)).toEqual(once);
  });

  test('in its test ends the test', async () => {
    const f = flow();
    const job_id = await f.create();
    f.worker.on(0, hangs);
    await f.call('start_job', { job_id, wait_seconds: 0 });
    await f.until(() => f.worker.running().length === 1);
    const status = await f.call('cancel_job', { job_id });
    expect(status).toMatchObject({ status: 'cancelled', test: { state: 'failed', verdict: 'The job was cancelled.' } });
    await f.until(() => !f.hasExecutor(job_id));
    await expect(f.call('resume_job', { job_id })).rejects.toMatchObject({ code: 'conflict' });
  });

  test('keeps a result that arrives at that moment only as history', async () => {
    const { f, job_id } = await busy();
    await f.call('cancel_job', { job_id });
    f.worker.finish(0, ok({}, { costUsd: 1 }));
    await f.until(() => !f.hasExecutor(job_id));
    expect((await f.unit(job_id, 0)).status).toBe('cancelled');
    expect(await f.attempts(job_id, 0)).toMatchObject([{ status: 'succeeded' }]);
    expect((await f.job(job_id)).costUsd).toBe(1);
  });

  test('without an executor gets another one, which stops what still runs', async () => {
    const { f, job_id } = await busy();
    await f.killExecutor(job_id);
    f.worker.leaves(0, 'alive');
    await f.call('cancel_job', { job_id });
    await f.recover(job_id);
    await f.until(() => !f.hasExecutor(job_id));
    expect(f.worker.runs.at(-1)).toMatchObject({ adopted: true, assignment: { index: 0 } });
    expect(f.worker.runs.at(-1)?.stopped()).toBe('cancelled');
    expect(await f.attempts(job_id, 0)).toMatchObject([{ status: 'cancelled' }]);
  });

  test('whose canceller died is finished by its executor', async () => {
    const { f, job_id } = await busy();
    await f.store.repository.transaction({ job: job_id }, async (tx) => tx.jobs.move(job_id, 'cancelled'));
    await f.until(() => !f.hasExecutor(job_id));
    expect(await f.statuses(job_id)).toMatch(/^(cancelled ?){6}$/);
  });
});

describe('single units', () => {
  test('a running one is cancelled alone, and the job completes', async () => {
    const { f, job_id } = await busy(3);
    expect(await f.call('manage_units', { job_id, action: 'cancel', units: [1] })).toMatchObject({ changed: 1 });
    await f.until(() => f.worker.runs[1]?.stopped() === 'cancelled');
    expect(f.worker.runs[0]?.stopped()).toBeNull();
    await f.until(() => f.worker.running().includes(2));
    f.worker.finish(0);
    f.worker.finish(2);
    await f.until(async () => (await f.job(job_id)).status === 'completed');
    expect(await f.statuses(job_id)).toBe('completed cancelled completed');
    expect(await f.attempts(job_id, 1)).toMatchObject([{ status: 'cancelled' }]);
  });

  test('skipped ones do not run and do not fail the job', async () => {
    const { f, job_id } = await busy(6);
    expect(await f.call('manage_units', { job_id, action: 'skip' })).toMatchObject({ changed: 4 });
    f.worker.finish(0);
    f.worker.finish(1);
    await f.until(async () => (await f.job(job_id)).status === 'completed');
    expect(await f.statuses(job_id)).toBe('completed completed skipped skipped skipped skipped');
  });

  test('failed ones are retried all, by class or by index, and the ended job runs again', async () => {
    const f = flow();
    const job_id = await f.begin({ units: 5, limits: { max_retries: 0, failure_threshold: 0 } });
    for (const [index, failureClass] of [
      [0, 'timeout'],
      [1, 'crashed'],
      [2, 'timeout'],
      [3, 'bad_input'],
    ] as const) {
      f.worker.on(index, fails(failureClass), fails(failureClass));
    }
    await f.until(async () => (await f.job(job_id)).status === 'failed');
    await f.until(() => !f.hasExecutor(job_id));
    const again = async (filter: Partial<InputOf<'manage_units'>>) => {
      const runs = f.worker.runs.length;
      const { changed } = await f.call('manage_units', { job_id, action: 'retry', ...filter });
      expect(await f.job(job_id)).toMatchObject({ status: 'running', statusMessage: null, endedAt: null });
      await f.until(async () => (await f.job(job_id)).status === 'failed' && !f.hasExecutor(job_id));
      const tried = f.worker.runs.slice(runs).map(({ assignment }) => assignment.index);
      return { changed, tried: tried.sort((a, b) => a - b) };
    };
    expect(await again({ units: [1, 4] })).toEqual({ changed: 1, tried: [1] });
    expect(await again({ failure_class: 'timeout' })).toEqual({ changed: 2, tried: [0, 2] });
    f.worker.on(0, fails('timeout'));
    expect(await again({})).toEqual({ changed: 4, tried: [0, 1, 2, 3] });
    expect(await f.statuses(job_id)).toBe('failed completed completed failed completed');
    const nothing = await f.call('manage_units', { job_id, action: 'retry', failure_class: 'crashed' });
    expect(nothing).toMatchObject({ changed: 0, status: 'failed' });
  });

  test('a reopened completed one runs again, and its old result stays in history', async () => {
    const f = flow();
    const job_id = await f.begin({ units: 2 });
    f.worker.on(0, ok({ text: 'first' }, { costUsd: 1 }), ok({ text: 'second' }, { costUsd: 1, sessionId: 'two' }));
    await f.until(async () => (await f.job(job_id)).status === 'completed');
    await f.call('manage_units', { job_id, action: 'reopen', units: [0] });
    expect((await f.job(job_id)).status).toBe('running');
    await f.until(async () => (await f.job(job_id)).status === 'completed' && !f.hasExecutor(job_id));
    expect((await f.attempts(job_id, 0)).map(({ result }) => result?.text)).toEqual(['first', 'second']);
    const unit = (await f.call('get_unit', { job_id, unit: 0 })).attempts.at(-1);
    expect(unit).toMatchObject({ result: { text: 'second' } });
    expect(unit?.continue_in_terminal).toBe(`cd ${(await f.job(job_id)).workingDirectory} && scripted --resume two`);
    expect((await f.job(job_id)).costUsd).toBe(2);
  });

  test('a cancelled one reopened at once starts only when its old attempt has ended', async () => {
    const { f, job_id } = await busy(1, 1);
    await f.call('manage_units', { job_id, action: 'cancel', units: [0] });
    await f.call('manage_units', { job_id, action: 'reopen', units: [0] });
    await f.until(() => f.worker.runs.length === 2);
    expect(f.worker.runs[0]?.stopped()).toBe('cancelled');
    expect(f.worker.running()).toEqual([0]);
    expect((await f.attempts(job_id, 0)).map(({ status }) => status)).toEqual(['cancelled', 'running']);
    f.worker.finish(0);
    await f.until(async () => (await f.job(job_id)).status === 'completed');
  });

  test('one cancelled after its executor died is stopped by another executor', async () => {
    const { f, job_id } = await busy(3);
    await f.call('pause_job', { job_id });
    await f.killExecutor(job_id);
    await holdLease(f.store, job_id, DEAD_PID);
    f.worker.leaves(0, 'alive');
    await f.call('manage_units', { job_id, action: 'cancel', units: [0] });
    await f.until(() => !f.hasExecutor(job_id));
    expect(f.worker.runs.at(-1)).toMatchObject({ adopted: true, assignment: { index: 0 } });
    expect(await f.attempts(job_id, 0)).toMatchObject([{ status: 'cancelled' }]);
    expect(await f.statuses(job_id)).toBe('cancelled pending pending');
  });

  test("a retry gives a lost job an executor, where the worker's needs are met", async () => {
    const f = flow({ environment: { TOKEN: 'x' } });
    const job_id = await f.begin({
      units: 2,
      limits: { max_retries: 0 },
      worker: { type: 'scripted', pass_env: ['TOKEN'] },
    });
    f.worker.on(0, fails('timeout'));
    f.worker.on(1, hangs);
    await f.until(async () => (await f.unit(job_id, 0)).status === 'failed');
    await f.killExecutor(job_id);
    await holdLease(f.store, job_id, DEAD_PID);
    const bare = flowOn(f.store, f.clock, { directory: f.directory });
    const answer = await toolAnswer(bare, 'manage_units', { job_id, action: 'skip', units: [1] });
    expect(answer).toMatchObject({ changed: 0, executor: { state: 'lost' }, next: [{ tool: 'resume_job' }] });
    await f.call('manage_units', { job_id, action: 'retry' });
    await f.until(async () => (await f.job(job_id)).status === 'completed');
  });

  test("put back before the job's end keep it from ending", async () => {
    const late: (() => Promise<unknown>)[] = [];
    const f = flow({
      context: (context) => {
        const { units } = context.repository;
        const counts: typeof units.counts = async (...args) => {
          const before = await units.counts(...args);
          if (before.pending + before.running === 0) await late.pop()?.();
          return before;
        };
        return { ...context, repository: { ...context.repository, units: { ...units, counts } } };
      },
    });
    const job_id = await f.begin({ units: 2, limits: { max_retries: 0 } });
    f.worker.on(0, fails('timeout'));
    const { repository } = f.store;
    late.push(async () => {
      await repository.transaction({ job: job_id }, async (tx) =>
        tx.units.moveMany(job_id, { statuses: ['failed'] }, 'pending', 9),
      );
    });
    await f.until(async () => (await f.job(job_id)).status === 'completed');
    expect(await f.statuses(job_id)).toBe('completed completed');
    expect(late).toEqual([]);
  });

  test('put back while the job ends are not left pending in an ended job', async () => {
    const f = flow();
    const job_id = await f.begin({ units: 2, limits: { max_retries: 0 } });
    f.worker.on(0, fails('timeout'));
    await f.until(async () => (await f.statuses(job_id)) === 'failed completed');
    const { jobs } = f.store.repository;
    const stale = await f.job(job_id);
    await f.until(async () => (await f.job(job_id)).status === 'failed' && !f.hasExecutor(job_id));
    // The operation read the job while it was running; by its write the job has ended.
    const get = jobs.get.bind(jobs);
    let looks = 0;
    Object.assign(jobs, {
      get: async (id: string) => (looks++ === 0 ? { ...stale, status: 'running' } : get(id)),
    });
    await f.call('manage_units', { job_id, action: 'retry' });
    Object.assign(jobs, { get });
    expect((await f.job(job_id)).status).toBe('running');
    await f.until(async () => (await f.job(job_id)).status === 'completed');
  });
});

describe('a rejected operation names its precondition and changes nothing', () => {
  const WAYS: Readonly<Partial<Record<JobStatus, (f: Flow) => Promise<string>>>> = {
    created: (f) => f.create({ units: 3 }),
    testing: async (f) => {
      const job_id = await f.create({ units: 3 });
      await f.call('start_job', { job_id, wait_seconds: 0 });
      await f.until(async () => (await f.job(job_id)).test?.state === 'passed');
      return job_id;
    },
    running: async (f) => {
      f.worker.otherwise = hangs;
      const job_id = await f.begin({ units: 3 });
      await f.until(() => f.worker.running().length > 0);
      return job_id;
    },
    paused: async (f) => {
      const job_id = await f.begin({ units: 3 });
      await f.call('pause_job', { job_id });
      await f.until(() => !f.hasExecutor(job_id));
      return job_id;
    },
    completed: async (f) => {
      const job_id = await f.begin({ units: 3 });
      await f.until(async () => (await f.job(job_id)).status === 'completed' && !f.hasExecutor(job_id));
      return job_id;
    },
    failed: async (f) => {
      f.worker.otherwise = fails('bad_input');
      const job_id = await f.begin({ units: 3 });
      await f.until(async () => (await f.job(job_id)).status === 'failed' && !f.hasExecutor(job_id));
      return job_id;
    },
    cancelled: async (f) => {
      const job_id = await f.create({ units: 3 });
      await f.call('cancel_job', { job_id });
      return job_id;
    },
  };
  const verbs: Readonly<Record<string, (f: Flow, job_id: string) => Promise<unknown>>> = {
    pause: (f, job_id) => f.call('pause_job', { job_id }),
    resume: (f, job_id) => f.call('resume_job', { job_id, max_workers: 9 }),
    cancel: (f, job_id) => f.call('cancel_job', { job_id }),
    update: (f, job_id) => f.call('update_job', { job_id, template: 'New: {name}' }),
    retry: (f, job_id) => f.call('manage_units', { job_id, action: 'retry' }),
    skip: (f, job_id) => f.call('manage_units', { job_id, action: 'skip' }),
    reopen: (f, job_id) => f.call('manage_units', { job_id, action: 'reopen' }),
    cancel_units: (f, job_id) => f.call('manage_units', { job_id, action: 'cancel' }),
    rerun: (f, job_id) => f.call('manage_units', { job_id, action: 'rerun' }),
    delete: (f, job_id) => f.call('delete_job', { job_id }),
  };
  const REFUSED: readonly (readonly [JobStatus, string])[] = [
    ['created', 'pause resume retry rerun'],
    ['testing', 'pause resume retry skip reopen cancel_units rerun'],
    ['running', 'update rerun delete'],
    ['paused', 'rerun'],
    ['completed', 'pause resume cancel skip cancel_units rerun'],
    ['failed', 'pause resume cancel skip cancel_units rerun'],
    ['cancelled', 'pause resume update retry skip reopen cancel_units rerun'],
  ];
  const cases = REFUSED.flatMap(([status, names]) =>
    Object.keys(verbs).map((verb) => [verb, status, names.split(' ').includes(verb)] as const),
  );

  test.each(cases)('%s in %s: refused %s', async (verb, status, refused) => {
    const f = flow();
    const jobId = await WAYS[status]?.(f);
    if (jobId === undefined) throw new Error(`no way to ${status}`);
    const before = [await f.job(jobId), await f.statuses(jobId)];
    if (!refused) {
      await expect(verbs[verb]?.(f, jobId)).resolves.toMatchObject({ job_id: jobId });
      return;
    }
    const error = expect.objectContaining({
      code: 'conflict',
      message: expect.stringContaining(`${jobId} is ${status}`),
      hint: expect.stringMatching(/^\w/),
    });
    await expect(worded(Promise.resolve(verbs[verb]?.(f, jobId)))).rejects.toEqual(error);
    expect([await f.job(jobId), await f.statuses(jobId)]).toEqual(before);
  });

  test.each(Object.entries(verbs))('%s of a job that is not there', async (_verb, run) => {
    const f = flow();
    await expect(run(f, 'job-none')).rejects.toMatchObject({
      code: 'not_found',
      hint: hint`${mention('list_jobs')} shows the jobs.`,
    });
  });

  test('unknown units and a wrong status are rejected', async () => {
    const { f, job_id } = await busy();
    const missing = f.call('manage_units', { job_id, action: 'skip', units: [2, 6, 99] });
    await expect(missing).rejects.toMatchObject({ code: 'not_found', message: /no unit 6, 99/, hint: /0 to 5/ });
    for (const status of UNIT_STATUSES.filter((name) => name !== 'pending')) {
      const wrong = f.call('manage_units', { job_id, action: 'skip', status });
      await expect(wrong).rejects.toMatchObject({
        code: 'invalid_input',
        message: /skip takes units that are pending/,
      });
    }
    expect(await f.statuses(job_id)).toBe('running running pending pending pending pending');
  });

  test('a failed preflight is reported before a paused or ended job starts', async () => {
    const f = flow();
    const job_id = await f.begin({ units: 2, limits: { max_retries: 0 } });
    f.worker.on(0, fails('timeout'));
    await f.until(async () => (await f.job(job_id)).status === 'failed' && !f.hasExecutor(job_id));
    f.worker.preflight = { ok: false, failureClass: 'auth', message: 'not logged in', hint: 'Log in.' };
    const before = await f.job(job_id);
    const refusal = { code: 'worker_unavailable', message: /not logged in/ };
    await expect(f.call('manage_units', { job_id, action: 'retry' })).rejects.toMatchObject(refusal);
    await expect(f.call('manage_units', { job_id, action: 'reopen' })).rejects.toMatchObject(refusal);
    expect(await f.job(job_id)).toEqual(before);
    expect(await f.statuses(job_id)).toBe('failed completed');
  });
});

/** Lets time pass until a call has its answer. */
async function passTime(f: Flow, call: Promise<unknown>): Promise<void> {
  let isDone = false;
  const done = () => {
    isDone = true;
  };
  call.then(done, done);
  while (!isDone) {
    await new Promise((resolve) => setImmediate(resolve));
    f.clock.advance(100);
  }
}

test.each<[JobStatus, RegExp]>([
  ['enumerating', /^cancel_job stops that and removes the job/],
  ['running', /^Use cancel_job or pause_job first/],
  ['paused', /pause_job with hard=true/],
  ['completed', /again in a moment/],
  ['cancelled', /again in a moment/],
])('a rejected deletion in %s advises only what is possible there', async (status, hint) => {
  const f = flow();
  const { jobId } = await seedJob(f.store, { status });
  await holdLease(f.store, jobId);
  const deletion = worded(f.call('delete_job', { job_id: jobId }));
  await passTime(f, deletion);
  await expect(deletion).rejects.toMatchObject({ code: 'conflict', hint: expect.stringMatching(hint) });
});

test('the advice for deleting a job in its test is to cancel it, not to pause it', async () => {
  const f = flow();
  f.worker.otherwise = hangs;
  const job_id = await f.create();
  await f.call('start_job', { job_id, wait_seconds: 0 });
  const wait = hint`Use ${mention('cancel_job')}, or wait until the test has ended; then delete it.`;
  await expect(f.call('delete_job', { job_id })).rejects.toMatchObject({ code: 'conflict', hint: wait });
  await f.call('cancel_job', { job_id });
});

test('a job resumed while its deletion waits is kept', async () => {
  const f = flow();
  const { repository } = f.store;
  const { jobId } = await seedJob(f.store, { status: 'paused', patch: { pauseReason: 'user' } });
  const leaving = await holdLease(f.store, jobId);
  const deletion = worded(f.call('delete_job', { job_id: jobId }));
  await repository.transaction({ job: jobId }, async (tx) => {
    await tx.jobs.move(jobId, 'running');
    await tx.leases.release(leaving);
  });
  await passTime(f, deletion);
  await expect(deletion).rejects.toMatchObject({ code: 'conflict', message: /is active/ });
  expect(await f.statuses(jobId)).toBe('pending pending pending');
});

test('a job whose executor cannot start is paused with the reason', async () => {
  const f = flow();
  const job_id = await f.create();
  const { launcher } = f.orchestrator.deps;
  const ensureExecutor = launcher.ensureExecutor;
  Object.assign(launcher, {
    ensureExecutor: () => Promise.reject(new Error('fork: no memory.')),
  });
  await expect(f.call('start_job', { job_id, wait_seconds: 0 })).rejects.toThrow('no memory');
  expect(await f.job(job_id)).toMatchObject({ status: 'created', test: null });
  await expect(f.call('start_job', { job_id, skip_test: true })).rejects.toThrow('no memory');
  expect(await f.job(job_id)).toMatchObject({ status: 'paused', pauseReason: 'worker_unavailable' });
  expect((await told(f, job_id)).message).toMatch(/No executor could be started: fork: no memory\..*resume_job/);
  Object.assign(launcher, { ensureExecutor });
  await f.call('resume_job', { job_id });
  await f.until(async () => (await f.job(job_id)).status === 'completed');
});
