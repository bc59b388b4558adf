import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test, vi } from 'vitest';
import { AbpError } from '../../src/domain/error.ts';
import { acquireJob } from '../../src/executor/acquire-job.ts';
import type { ExecutorContext } from '../../src/executor/context.ts';
import type { TransactionScope, Tx } from '../../src/ports/repository.ts';
import { createLeaseObserver } from '../../src/supervision/lease.ts';
import { createRecovery } from '../../src/supervision/recovery.ts';
import { NoRoomError } from '../../src/workers/process/room.ts';
import { type Flow, flow, flowOn, LEASE_MS } from '../helpers/flow.ts';
import { PATIENCE } from '../helpers/patience.ts';
import { fails, hangs, ok } from '../helpers/scripted-worker.ts';
import { DEAD_PID, holdLease, seedJob, temporaryStore } from '../helpers/store.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { told } from '../helpers/told.ts';

/** A running job whose first units hang in their slots. */
async function busy(f: Flow, units = 6, max_workers = 3): Promise<string> {
  const jobId = await f.begin({ units, limits: { max_workers } });
  f.worker.otherwise = hangs;
  await f.until(() => f.worker.running().length === max_workers);
  f.worker.otherwise = ok();
  return jobId;
}

describe('the executor after one that died', () => {
  test('adopts living attempts, settles finished ones, puts the rest back, and runs nothing twice', async () => {
    const f = flow();
    const jobId = await busy(f);
    await f.killExecutor(jobId);
    f.worker.leaves(0, 'alive');
    f.worker.leaves(1, ok({ text: 'from the files' }, { costUsd: 0.4 }));
    f.worker.used(2, { costUsd: 0.1, sessionId: 'session of 2' });
    await f.recover(jobId);
    await f.tick(3);
    expect((await f.statuses(jobId)).split(' ').slice(0, 2)).toEqual(['running', 'completed']);
    expect(f.worker.running()).toEqual([0]);
    f.worker.finish(0, ok({ text: 'adopted' }, { costUsd: 0.2 }));
    await f.until(async () => (await f.job(jobId)).status === 'completed');
    expect(await f.attempts(jobId, 0)).toMatchObject([
      { attempt: 1, status: 'succeeded', result: { text: 'adopted' } },
    ]);
    expect(await f.attempts(jobId, 1)).toMatchObject([{ attempt: 1, result: { text: 'from the files' } }]);
    expect(await f.attempts(jobId, 2)).toMatchObject([
      { status: 'interrupted', failureClass: 'interrupted', usage: { costUsd: 0.1 } },
      { status: 'succeeded' },
    ]);
    // An attempt that was cut off continues its session: its work so far is paid for.
    const again = f.worker.runs.find(({ assignment }) => assignment.index === 2 && assignment.attempt === 2);
    expect(again?.assignment.resumeSessionId).toBe('session of 2');
    expect((await f.job(jobId)).costUsd).toBeCloseTo(0.7);
    expect((await f.events(jobId, 'executor:lost', 'attempt:adopted')).map(({ type, index }) => [type, index])).toEqual(
      [
        ['executor:lost', null],
        ['attempt:adopted', 0],
      ],
    );
    expect((await f.events(jobId, 'executor:started')).map(({ data }) => data.epoch)).toEqual([2, 3]);
  });

  test('counts adopted attempts in its slots', async () => {
    const f = flow();
    const jobId = await busy(f, 8, 3);
    await f.killExecutor(jobId);
    for (const unit of [0, 1, 2]) f.worker.leaves(unit, 'alive');
    await f.store.repository.transaction({ job: jobId }, async (tx) => tx.jobs.patch(jobId, { maxWorkers: 2 }));
    f.worker.otherwise = hangs;
    await f.recover(jobId);
    await f.tick(3);
    expect(f.worker.runs.slice(3).map(({ adopted }) => adopted)).toEqual([true, true, true]);
    f.worker.finish(0);
    f.worker.finish(1);
    await f.tick(3);
    expect(f.worker.running()).toEqual([2, 3]);
  });

  test('judges an attempt by its own revision', async () => {
    const f = flow();
    const job_id = await busy(f, 2, 2);
    await f.call('pause_job', { job_id });
    await f.call('update_job', { job_id, worker: { type: 'other', note: 'new' }, schema: { type: 'object' } });
    await f.killExecutor(job_id);
    f.worker.leaves(0, 'alive');
    await f.recover(job_id);
    await f.until(() => f.worker.running().includes(0));
    expect(f.worker.runs.at(-1)?.assignment).toMatchObject({ config: {}, outputSchema: null });
    f.worker.finish(0);
    await f.until(() => !f.hasExecutor(job_id));
    await f.call('resume_job', { job_id });
    await f.until(async () => (await f.job(job_id)).status === 'completed');
    expect(f.worker.runs.at(-1)?.assignment).toMatchObject({ index: 1, config: { note: 'new' } });
    // Its session was begun with another worker: it starts over.
    expect((await f.attempts(job_id, 1)).map(({ revision }) => revision)).toEqual([1, 2]);
  });

  test('settles orphaned attempts of a paused job, and starts nothing', async () => {
    const f = flow();
    const job_id = await busy(f);
    await f.killExecutor(job_id);
    f.worker.leaves(0, ok());
    f.worker.leaves(1, 'alive');
    await f.call('pause_job', { job_id });
    await f.recover(job_id);
    await f.until(async () => (await f.unit(job_id, 0)).status === 'completed');
    f.worker.finish(1);
    await f.until(() => !f.hasExecutor(job_id));
    expect(await f.statuses(job_id)).toBe('completed completed pending pending pending pending');
    expect((await f.job(job_id)).status).toBe('paused');
  });

  test('pauses the job after three deaths without a settled unit, and names the log', async () => {
    const f = flow();
    const jobId = await f.begin({ units: 4, limits: { max_workers: 2 } });
    f.worker.otherwise = hangs;
    for (const deaths of [1, 2]) {
      await f.until(() => f.worker.running().length === 2);
      f.worker.finish(f.worker.running()[0] ?? -1, fails('interrupted'));
      await f.killExecutor(jobId);
      await f.recover(jobId);
      await f.tick();
      expect(await f.job(jobId)).toMatchObject({ status: 'running', executorsLost: deaths });
    }
    await f.killExecutor(jobId);
    const runs = f.worker.runs.length;
    await f.recover(jobId);
    await f.until(async () => (await f.job(jobId)).status === 'paused');
    expect(await f.job(jobId)).toMatchObject({ pauseReason: 'crashed', executorsLost: 3 });
    expect((await told(f, jobId)).message).toMatch(
      /^The executor died 3 times without settling one unit; its log is .+\.log\. Read its log, then resume_job\.$/,
    );
    expect(f.worker.runs).toHaveLength(runs);
    await f.until(() => !f.hasExecutor(jobId));
    f.worker.otherwise = ok();
    await f.call('resume_job', { job_id: jobId });
    await f.until(async () => (await f.job(jobId)).status === 'completed');
  });

  test('counts settled orphans as progress and does not pause the job', async () => {
    const f = flow();
    const jobId = await f.begin({ units: 9, limits: { max_workers: 1 } });
    f.worker.otherwise = hangs;
    for (let deaths = 0; deaths < 5; deaths++) {
      await f.until(() => f.worker.running().length === 1);
      await f.killExecutor(jobId);
      f.worker.leaves(deaths, ok());
      await f.recover(jobId);
      await f.until(async () => (await f.unit(jobId, deaths)).status === 'completed');
      expect(await f.job(jobId)).toMatchObject({ status: 'running', executorsLost: 0 });
    }
  });

  test('waits for orphaned attempts before the third death pauses the job', async () => {
    const f = flow();
    const jobId = await f.begin({ units: 4, limits: { max_workers: 1 } });
    f.worker.otherwise = hangs;
    for (let deaths = 0; deaths < 3; deaths++) {
      await f.until(() => f.worker.running().length === 1);
      await f.killExecutor(jobId);
      if (deaths === 2) f.worker.leaves((await f.unit(jobId, 0)).status === 'running' ? 0 : 1, 'alive');
      await f.recover(jobId);
    }
    await f.tick(3);
    expect(await f.job(jobId)).toMatchObject({ status: 'running', executorsLost: 3 });
    f.worker.otherwise = ok();
    f.worker.finish(f.worker.running()[0] ?? -1);
    await f.until(async () => (await f.job(jobId)).status === 'completed');
  });

  test('can recover a job that stopped gracefully, with nothing counted against it', async () => {
    const f = flow();
    const jobId = await busy(f);
    f.executor(jobId).stop();
    await f.until(() => !f.hasExecutor(jobId));
    expect(await f.job(jobId)).toMatchObject({ status: 'running', executorsLost: 0 });
    expect(await f.unit(jobId, 0)).toMatchObject({ status: 'pending', interruptions: 0 });
    expect((await f.store.repository.leases.get(jobId))?.released).toBe(true);
    expect(await f.call('get_job_status', { job_id: jobId })).toMatchObject({ executor: { state: 'lost' } });
    await f.call('resume_job', { job_id: jobId });
    await f.until(async () => (await f.job(jobId)).status === 'completed');
    expect((await f.job(jobId)).executorsLost).toBe(0);
  });
});

describe('a session that was cut off', () => {
  test.each([
    ['limits', { limits: { max_workers: 1 } }, 'session of 0'],
    ['the prompt', { template: 'Now: {name}' }, null],
    ['the worker', { worker: { type: 'scripted', note: 'x' } }, null],
    ['the schema', { schema: { type: 'object' } }, null],
  ])('after a change of %s continues in %s: %s', async (_what, change, session) => {
    const f = flow();
    const job_id = await busy(f, 1, 1);
    f.worker.used(0, { sessionId: 'session of 0' });
    await f.call('pause_job', { job_id, hard: true });
    await f.until(() => !f.hasExecutor(job_id));
    await f.call('update_job', { job_id, ...change });
    await f.call('resume_job', { job_id });
    await f.until(() => f.worker.runs.length === 2);
    expect(f.worker.runs[1]?.assignment.resumeSessionId).toBe(session);
  });

  test.each([
    ['before its agent said anything', {}, 'session of 0'],
    ['after work without a session', { turns: 2, costUsd: 0.1 }, null],
  ])('continues when the attempt that continued it is cut off too, %s: %s', async (_when, used, session) => {
    const f = flow();
    const job_id = await busy(f, 1, 1);
    f.worker.otherwise = hangs;
    for (const usage of [{ turns: 5, sessionId: 'session of 0' }, used]) {
      f.worker.used(0, usage);
      await f.call('pause_job', { job_id, hard: true });
      await f.until(() => !f.hasExecutor(job_id));
      await f.call('resume_job', { job_id });
      await f.until(() => f.worker.running().length === 1);
    }
    expect(f.worker.runs.map(({ assignment }) => assignment.resumeSessionId)).toEqual([null, 'session of 0', session]);
  });

  test('does not continue after an attempt that ended by itself or by a person', async () => {
    const f = flow();
    const job_id = await f.begin({ units: 2, limits: { max_workers: 2 } });
    f.worker.on(0, fails('timeout', { usage: { sessionId: 'a' } }), ok());
    f.worker.on(1, hangs, ok());
    f.worker.used(1, { sessionId: 'b' });
    await f.until(() => f.worker.running().includes(1));
    await f.call('manage_units', { job_id, action: 'cancel', units: [1] });
    await f.call('manage_units', { job_id, action: 'reopen', units: [1] });
    await f.until(async () => (await f.job(job_id)).status === 'completed');
    expect(f.worker.runs.map(({ assignment }) => assignment.resumeSessionId)).toEqual([null, null, null, null]);
  });
});

describe('an executor that lost its lease', () => {
  test('stops at once and changes nothing', async () => {
    const f = flow();
    const jobId = await busy(f);
    const old = f.executor(jobId);
    await f.killExecutor(jobId);
    f.worker.leaves(0, 'alive');
    await f.recover(jobId);
    await f.tick(2);
    const all = async () => ({
      job: await f.job(jobId),
      events: await f.events(jobId),
      units: [0, 1, 2, 3].map(async (index) => [await f.unit(jobId, index), await f.attempts(jobId, index)]),
      stopped: f.worker.runs.map((run) => run.stopped()),
    });
    const before = await all();
    expect(await old.tick()).toBe('done');
    expect(await all()).toEqual(before);
    expect(new Set(before.stopped)).toEqual(new Set([null]));
  });

  test('settles what it finished in its next round, and does not pause, end or claim', async () => {
    const f = flow();
    const jobId = await busy(f, 4, 2);
    const { repository } = f.store;
    f.worker.finish(0, fails('auth', { usage: { costUsd: 1 } }));
    const lease = await repository.leases.get(jobId);
    const claim = { jobId, owner: 'successor', leaseMs: 1, pid: 1, startedAt: null, bootId: null, machineId: null };
    await repository.transaction('store', async (tx) => tx.leases.acquire(claim, lease));
    await f.tick();
    expect(f.hasExecutor(jobId)).toBe(false);
    expect(await f.attempts(jobId, 0)).toMatchObject([{ failureClass: 'auth', usage: { costUsd: 1 } }]);
    expect(await f.job(jobId)).toMatchObject({ status: 'running', costUsd: 1 });
    expect(await f.attempts(jobId, 2)).toEqual([]);
  });
});

describe('a lease', () => {
  test('is over after a whole lease without a heartbeat on the observer’s monotonic clock', async () => {
    const f = flow();
    const { jobId } = await seedJob(f.store);
    const token = await holdLease(f.store, jobId);
    const observer = createLeaseObserver(f.clock);
    const isOver = async () => {
      const lease = await f.store.repository.leases.get(jobId);
      return lease ? observer.isOver(lease) : true;
    };
    expect(await isOver()).toBe(false);
    f.clock.setWall(f.clock.now() + 24 * 3_600_000);
    expect(await isOver()).toBe(false);
    f.clock.advance(LEASE_MS - 1);
    expect(await isOver()).toBe(false);
    await f.store.repository.transaction('none', (tx) => tx.leases.beat(token));
    f.clock.advance(LEASE_MS - 1);
    expect(await isOver()).toBe(false);
    f.clock.advance(LEASE_MS);
    expect(await isOver()).toBe(true);
    await f.store.repository.transaction('none', (tx) => tx.leases.beat(token));
    expect(await isOver()).toBe(false);
  });

  test('with a heartbeat while another executor waits is left alone', async () => {
    const f = flow();
    const { jobId } = await seedJob(f.store);
    const token = await holdLease(f.store, jobId);
    const { repository } = f.store;
    const observer = createLeaseObserver(f.clock);
    const taking = acquireJob(jobId, { repository, clock: f.clock, observer, leaseMs: LEASE_MS });
    f.clock.advance(5000);
    await f.store.repository.transaction('none', (tx) => tx.leases.beat(token));
    f.clock.advance(5000);
    expect(await taking).toBeNull();
  });

  test('released with a finished job is not acquired by a late executor', async () => {
    const f = flow();
    const { jobId } = await seedJob(f.store, { status: 'completed' });
    const { repository } = f.store;
    const token = await holdLease(f.store, jobId);
    await repository.transaction({ job: token.jobId }, async (tx) => tx.leases.release(token));
    const events = await repository.events.list(jobId, 0, 100);
    const observer = createLeaseObserver(f.clock);
    expect(await acquireJob(jobId, { repository, clock: f.clock, observer, leaseMs: LEASE_MS })).toBeNull();
    expect(await repository.leases.get(jobId)).toMatchObject({ epoch: token.epoch, released: true });
    expect(await repository.events.list(jobId, 0, 100)).toEqual(events);
  });
});

describe('recovery', () => {
  const recoveryOf = (f: Flow, launch: (jobId: string) => void, repository = f.store.repository) =>
    createRecovery({
      repository,
      launcher: {
        ensureExecutor({ jobId }) {
          launch(jobId);
          return Promise.resolve();
        },
      },
      observer: createLeaseObserver(f.clock),
      clock: f.clock,
      leaseMs: LEASE_MS,
    });

  test('finds only the jobs whose executor is gone, however many have ended', async () => {
    const f = flow();
    for (let n = 0; n < 30; n++) await seedJob(f.store, { status: 'cancelled', units: 0, job: { createdAt: 1e9 + n } });
    await seedJob(f.store, { jobId: 'job-lost', job: { createdAt: 1 } });
    await seedJob(f.store, { jobId: 'job-held' });
    await seedJob(f.store, { jobId: 'job-quiet', status: 'paused', patch: { pauseReason: 'user' } });
    await holdLease(f.store, 'job-held');
    const launched: string[] = [];
    const report = await recoveryOf(f, (jobId) => launched.push(jobId)).tick();
    expect(report).toEqual({ recovered: ['job-lost'], refused: [], deleted: [] });
    expect(launched).toEqual(['job-lost']);
  });

  test('deletes an enumeration whose creator is gone, and not one that is alive', async () => {
    const f = flow();
    await seedJob(f.store, { jobId: 'job-orphan', status: 'enumerating', units: 5000 });
    await seedJob(f.store, { jobId: 'job-alive', status: 'enumerating', units: 5 });
    await holdLease(f.store, 'job-orphan', DEAD_PID);
    await holdLease(f.store, 'job-alive');
    const { deleted } = await recoveryOf(f, () => undefined).tick();
    expect(deleted).toEqual(['job-orphan']);
    expect(
      (await f.store.repository.jobs.list({ statuses: ['enumerating'], limit: 9 })).jobs.map(({ jobId }) => jobId),
    ).toEqual(['job-alive']);
    expect((await f.store.repository.units.counts('job-orphan')).total).toBe(0);
  });

  test('leaves a job alone whose creator finishes meanwhile', async () => {
    const f = flow();
    const { repository } = f.store;
    const { jobId } = await seedJob(f.store, { status: 'enumerating', units: 5 });
    const token = await holdLease(f.store, jobId);
    const creatorEnds = () =>
      repository.transaction({ job: jobId }, async (tx) => {
        await tx.jobs.move(jobId, 'created', { patch: { totalUnits: 5 } });
        await tx.leases.release(token);
      });
    const get: typeof repository.leases.get = async (id) => {
      await creatorEnds();
      return repository.leases.get(id);
    };
    const watched = { ...repository, leases: { ...repository.leases, get } };
    expect((await recoveryOf(f, () => undefined, watched).tick()).deleted).toEqual([]);
    expect((await f.job(jobId)).status).toBe('created');
    expect(await f.statuses(jobId)).toBe('pending pending pending pending pending');
  });

  test('checks at once and repeatedly until it is stopped, despite errors', async () => {
    const f = flow();
    await seedJob(f.store, { jobId: 'job-lost' });
    const stopping = new AbortController();
    let launches = 0;
    let reports = 0;
    const recovery = recoveryOf(f, () => {
      launches += 1;
      if (launches === 2) throw new TypeError('a fault');
    });
    const watching = recovery.watch(stopping.signal, () => {
      reports += 1;
    });
    await expect.poll(() => reports, PATIENCE).toBe(1);
    for (const round of [2, 3]) {
      f.clock.advance(10_000);
      await expect.poll(() => reports, PATIENCE).toBe(round);
    }
    stopping.abort();
    await watching;
    expect(launches).toBe(3);
  });

  test.each([0, 1000, 2500, 3700, 4900])(
    'replaces a stalled executor within its lease and five seconds (last beat at %i ms)',
    async (lastBeatMs) => {
      const f = flow();
      await seedJob(f.store, { jobId: 'job-still' });
      const token = await holdLease(f.store, 'job-still');
      let launchedMs: number | null = null;
      const recovery = recoveryOf(f, () => {
        launchedMs ??= f.clock.monotonic();
      });
      const stopping = new AbortController();
      const watching = recovery.watch(stopping.signal);
      for (let ms = 0; ms < 2 * LEASE_MS; ms += 100) {
        if (ms === lastBeatMs) await f.store.repository.transaction('none', (tx) => tx.leases.beat(token));
        await new Promise((resolve) => setTimeout(resolve));
        f.clock.advance(100);
      }
      stopping.abort();
      await watching;
      expect(launchedMs).toBeGreaterThanOrEqual(lastBeatMs + LEASE_MS);
      expect(launchedMs).toBeLessThan(lastBeatMs + LEASE_MS + 5000);
    },
  );

  test('reports jobs that it cannot recover, and backs off', async () => {
    const f = flow();
    await seedJob(f.store, { jobId: 'job-broken' });
    let launches = 0;
    const recovery = recoveryOf(f, () => {
      launches += 1;
      throw new AbpError('internal', 'The executor of job-broken did not start.');
    });
    const first = await recovery.tick();
    expect(first.refused).toEqual([{ jobId: 'job-broken', reason: 'The executor of job-broken did not start.' }]);
    for (let minute = 0; minute < 60; minute++) {
      f.clock.advance(60_000);
      await recovery.tick();
    }
    expect(launches).toBeGreaterThan(5);
    expect(launches).toBeLessThan(15);
  });

  test('recovers a job only with the variables that its worker needs', async () => {
    const f = flow({ environment: { TOKEN: 'x' } });
    const job_id = await f.begin({ worker: { type: 'scripted', pass_env: ['TOKEN'] } });
    f.executor(job_id).stop();
    await f.until(() => !f.hasExecutor(job_id));
    const bare = flowOn(f.store, f.clock, { directory: f.directory });
    const refusal = {
      code: 'environment',
      message: /needs TOKEN, which the environment does not set/,
      details: { missing: ['TOKEN'] },
    };
    await expect(bare.call('resume_job', { job_id })).rejects.toMatchObject(refusal);
    await f.call('resume_job', { job_id });
    await f.until(async () => (await f.job(job_id)).status === 'completed');
    expect(f.worker.runs[0]?.assignment.environment).toEqual({ TOKEN: 'x' });
  });
});

describe('a job started with a program and variables', () => {
  const started = async (f: Flow): Promise<string> => {
    f.worker.program = process.execPath;
    const jobId = await f.begin({
      units: 2,
      worker: { type: 'scripted', pass_env: ['TOKEN'] },
      limits: { max_workers: 1 },
    });
    f.executor(jobId).stop();
    await f.until(() => !f.hasExecutor(jobId));
    return jobId;
  };
  const recoveryOn = (f: Flow) =>
    createRecovery({
      repository: f.store.repository,
      launcher: f.orchestrator.deps.launcher,
      observer: createLeaseObserver(f.clock),
      clock: f.clock,
      leaseMs: LEASE_MS,
    });
  const ENVIRONMENT = { TOKEN: 'x', PATH: '/of/the/start' };

  test('records their names in its revision, and no values', async () => {
    const f = flow({ environment: ENVIRONMENT });
    const jobId = await started(f);
    expect((await f.store.repository.jobs.revision(jobId, 1))?.needs).toEqual({
      main: { program: process.execPath, variables: ['TOKEN'], searchPath: '/of/the/start' },
    });
  });

  test.each([
    ['a variable is not set', {}, process.execPath, 'needs TOKEN, which the environment does not set'],
    ['the program is missing', { TOKEN: 'x' }, '/gone/agent', 'was started as /gone/agent, which cannot be run now'],
    [
      'the program is not executable',
      { TOKEN: 'x' },
      import.meta.filename,
      'recovery.test.ts, which cannot be run now',
    ],
  ])('is left to others where %s, which is reported once', async (_, environment, program, reason) => {
    const f = flow({ environment: ENVIRONMENT });
    const jobId = await started(f);
    const { repository } = f.store;
    const needs = { program, variables: ['TOKEN'], searchPath: null };
    await repository.transaction({ job: jobId }, async (tx) => tx.jobs.setNeeds(jobId, 1, { main: needs }));
    const bare = flowOn(f.store, f.clock, { environment });
    const recovery = recoveryOn(bare);
    expect(await recovery.tick()).toMatchObject({
      recovered: [],
      refused: [{ jobId, reason: expect.stringContaining(reason) }],
    });
    for (let looks = 0; looks < 5; looks++) {
      f.clock.advance(LEASE_MS);
      expect(await recovery.tick()).toEqual({ recovered: [], refused: [], deleted: [] });
    }
    expect(await f.job(jobId)).toMatchObject({ status: 'running', executorsLost: 0 });
    expect(await f.call('get_job_status', { job_id: jobId })).toMatchObject({ executor: { state: 'lost' } });
    await repository.transaction({ job: jobId }, async (tx) =>
      tx.jobs.setNeeds(jobId, 1, { main: { ...needs, program: process.execPath } }),
    );
    expect((await recoveryOn(f).tick()).recovered).toEqual([jobId]);
    await f.until(async () => (await f.job(jobId)).status === 'completed');
  });

  test('continues with those, whatever the recovering environment would find', async () => {
    const f = flow({ environment: ENVIRONMENT });
    const jobId = await started(f);
    const other = flowOn(f.store, f.clock, { environment: { TOKEN: 'x', PATH: '' } });
    expect((await recoveryOn(other).tick()).recovered).toEqual([jobId]);
    await other.until(async () => (await f.job(jobId)).status === 'completed');
    expect(other.worker.runs[0]?.assignment).toMatchObject({
      needs: { program: process.execPath },
      environment: ENVIRONMENT,
    });
  });

  test('records what is found at a resume by a person', async () => {
    const f = flow({ environment: ENVIRONMENT });
    const job_id = await started(f);
    const other = flowOn(f.store, f.clock, { environment: { TOKEN: 'y', PATH: '/elsewhere' } });
    other.worker.program = '/bin/sh';
    await other.call('resume_job', { job_id });
    expect((await f.store.repository.jobs.revision(job_id, 1))?.needs).toMatchObject({
      main: { program: '/bin/sh', searchPath: '/elsewhere' },
    });
  });

  test('can be stopped without them', async () => {
    const f = flow({ environment: ENVIRONMENT });
    const job_id = await started(f);
    const bare = flowOn(f.store, f.clock);
    await bare.call('cancel_job', { job_id });
    expect((await f.job(job_id)).status).toBe('cancelled');
  });
});

describe('when the store or the disk fails', () => {
  /** Lets the next transactions fail with an error, as long as `failing` returns one. */
  const failing = (next: () => Error | null) => (context: ExecutorContext) => ({
    ...context,
    repository: {
      ...context.repository,
      transaction: async <T>(scope: TransactionScope, work: (tx: Tx) => Promise<T>): Promise<T> => {
        const error = next();
        if (error) throw error;
        return context.repository.transaction(scope, work);
      },
    },
  });
  const full = new AbpError('environment', 'database or disk is full', { details: { disk: true } });
  const busyStore = new AbpError('busy', 'The store is locked by another process.');

  test('a locked store delays and loses nothing', async () => {
    let error: Error | null = null;
    const f = flow({ context: failing(() => error) });
    const jobId = await busy(f);
    error = busyStore;
    for (const unit of [0, 1, 2]) f.worker.finish(unit, ok({ text: `result of ${unit}` }));
    await f.tick(10);
    expect(await f.statuses(jobId)).toBe('running running running pending pending pending');
    error = null;
    await f.until(async () => (await f.job(jobId)).status === 'completed');
    expect(f.worker.runs).toHaveLength(6);
    expect(await f.attempts(jobId, 1)).toMatchObject([{ result: { text: 'result of 1' } }]);
  });

  test('a store locked at the start of an executor is waited for', async () => {
    const f = flow();
    const { jobId } = await seedJob(f.store);
    let locks = 2;
    const repository = {
      ...f.store.repository,
      transaction: async <T>(scope: TransactionScope, work: (tx: Tx) => Promise<T>): Promise<T> => {
        if (locks-- > 0) throw busyStore;
        return f.store.repository.transaction(scope, work);
      },
    };
    const taking = { repository, clock: f.clock, observer: createLeaseObserver(f.clock), leaseMs: LEASE_MS };
    const taken = acquireJob(jobId, taking);
    while (locks > -1) {
      await new Promise((resolve) => setImmediate(resolve));
      f.clock.advance(1000);
    }
    expect(await taken).toMatchObject({ lease: { jobId, epoch: 1 } });
  });

  test('a locked store when a step of scope job cannot start delays the end of the job', async () => {
    let error: Error | null = null;
    const f = flow({
      context: (context) => {
        const { units, ...others } = failing(() => error)(context).repository;
        const results = () => {
          error = busyStore;
          return Promise.reject(new Error('no such page.'));
        };
        return { ...context, repository: { ...others, units: { ...units, results } } };
      },
    });
    const jobId = await f.begin({ units: 1, steps: [{ name: 'report', scope: 'job', intent: 'Sum up.' }] });
    await f.until(() => error !== null);
    await f.tick(3);
    expect((await f.job(jobId)).status).toBe('running');
    error = null;
    await f.until(async () => (await f.job(jobId)).status === 'failed');
    expect((await f.job(jobId)).statusMessage).toBe('Step report could not start: no such page.');
  });

  test('a full disk pauses the job as soon as that can be written, and finished attempts are kept', async () => {
    let error: Error | null = null;
    const f = flow({ context: failing(() => error) });
    const jobId = await busy(f);
    error = full;
    f.worker.finish(0, ok({ text: 'kept' }));
    await f.tick(10);
    expect((await f.job(jobId)).status).toBe('running');
    error = null;
    await f.until(async () => (await f.job(jobId)).status === 'paused');
    expect(await f.job(jobId)).toMatchObject({ pauseReason: 'disk', statusMessage: 'The disk is full.' });
    expect((await told(f, jobId)).message).toBe('The disk is full. Make room, then resume_job.');
    expect(await f.attempts(jobId, 0)).toMatchObject([{ status: 'succeeded', result: { text: 'kept' } }]);
    f.worker.finish(1);
    f.worker.finish(2);
    await f.until(() => !f.hasExecutor(jobId));
    await f.call('resume_job', { job_id: jobId });
    await f.until(async () => (await f.job(jobId)).status === 'completed');
    expect(f.worker.runs).toHaveLength(6);
  });

  test('a pause for a full disk is dropped after a resume', async () => {
    let error: Error | null = null;
    const f = flow({ context: failing(() => error) });
    const jobId = await busy(f);
    error = full;
    await f.tick(3);
    // A person pauses and resumes it meanwhile: another process can write, since there is room again.
    await f.call('pause_job', { job_id: jobId });
    await f.call('resume_job', { job_id: jobId });
    error = null;
    for (const unit of [0, 1, 2]) f.worker.finish(unit);
    await f.until(async () => (await f.job(jobId)).status === 'completed');
    expect(await f.events(jobId, 'job:paused')).toMatchObject([{ data: { reason: 'user' } }]);
  });

  test('a late pause for a full disk is dropped when there is room again', async () => {
    let error: Error | null = null;
    const f = flow({ context: failing(() => error), path: join(temporaryDirectory(), 'batch.db') });
    const jobId = await busy(f);
    error = full;
    await f.tick(3);
    error = null;
    for (const unit of [0, 1, 2]) f.worker.finish(unit);
    await f.until(async () => (await f.job(jobId)).status === 'completed');
    expect(await f.events(jobId, 'job:paused')).toEqual([]);
  });

  test('an attempt ended by a full disk counts its usage, and its session continues', async () => {
    const f = flow();
    f.worker.on(
      0,
      () => {
        const outcome = { ok: false, failureClass: 'agent_error', message: 'exit code 1' } as const;
        throw new NoRoomError('/runs', { ...outcome, usage: { costUsd: 0.5, sessionId: 'goes-on', turns: 2 } });
      },
      ok(),
    );
    const jobId = await f.begin({ units: 1 });
    await f.until(async () => (await f.job(jobId)).status === 'paused');
    expect(await f.job(jobId)).toMatchObject({ pauseReason: 'disk', costUsd: 0.5 });
    expect(await f.unit(jobId, 0)).toMatchObject({ status: 'pending', retriesUsed: 0, failureClass: null });
    await f.until(() => !f.hasExecutor(jobId));
    await f.call('resume_job', { job_id: jobId });
    await f.until(async () => (await f.job(jobId)).status === 'completed');
    expect(f.worker.runs.map(({ assignment }) => assignment.resumeSessionId)).toEqual([null, 'goes-on']);
  });

  test('a failure while the disk was full does not count, even if there is room when it is judged', async () => {
    let error: Error | null = null;
    const f = flow({ context: failing(() => error) });
    const jobId = await busy(f);
    error = full;
    await f.tick(2);
    f.worker.finish(0, fails('agent_error'));
    f.worker.finish(1, fails('cancelled'));
    error = null;
    await f.until(async () => (await f.job(jobId)).status === 'paused');
    expect(await f.unit(jobId, 0)).toMatchObject({ status: 'pending', failureClass: null, retriesUsed: 0 });
    expect((await f.unit(jobId, 1)).status).toBe('cancelled');
  });

  test('a test on a full disk fails with that reason', async () => {
    const f = flow();
    f.worker.on(0, () => {
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    });
    const jobId = await f.create();
    await f.call('start_job', { job_id: jobId, wait_seconds: 0 });
    await f.until(async () => (await f.job(jobId)).test?.state === 'failed');
    expect((await told(f, jobId)).verdict).toBe('The disk is full. Make room, then start_job with again=true.');
    expect(await f.attempts(jobId, 0)).toHaveLength(1);
  });

  test('a lost store stops the agents', async () => {
    let error: Error | null = null;
    const f = flow({ context: failing(() => error) });
    const jobId = await busy(f);
    error = new AbpError('store_gone', 'The store was removed.');
    const executor = f.executor(jobId);
    expect(await executor.tick()).toBe('wait');
    expect(f.worker.runs.map(({ stopped }) => stopped())).toEqual(['interrupted', 'interrupted', 'interrupted']);
    await vi.waitFor(() => expect(executor.tick()).rejects.toThrow(/removed/));
    error = null;
  });

  test('a full disk at the start of an attempt pauses the job, and nothing counts against the unit', async () => {
    const f = flow();
    f.worker.on(0, () => {
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    });
    const jobId = await f.begin({ units: 3, limits: { max_workers: 1 } });
    await f.until(async () => (await f.job(jobId)).status === 'paused');
    expect((await f.job(jobId)).pauseReason).toBe('disk');
    expect(await f.unit(jobId, 0)).toMatchObject({
      status: 'pending',
      interruptions: 0,
      retriesUsed: 0,
      failureClass: null,
    });
    await f.until(() => !f.hasExecutor(jobId));
    await f.call('resume_job', { job_id: jobId });
    await f.until(async () => (await f.job(jobId)).status === 'completed');
  });

  test('an exception in a worker crashes its attempt, with secrets hidden, not the executor', async () => {
    const f = flow();
    f.worker.on(0, () => {
      throw new TypeError('cannot read password=hunter22');
    });
    const jobId = await f.begin({ units: 1 });
    await f.until(async () => (await f.unit(jobId, 0)).failureClass === 'crashed');
    expect((await f.unit(jobId, 0)).failureMessage).toBe('cannot read password=[redacted]');
    await f.until(async () => (await f.job(jobId)).status === 'completed');
  });

  test('an output directory that cannot be created is bad_input with the reason', async () => {
    const f = flow();
    const file = join(f.directory, 'a-file');
    writeFileSync(file, '');
    const jobId = await f.begin({ units: 1, output: { directory: join(file, 'below') } });
    await f.until(async () => (await f.job(jobId)).status === 'failed');
    expect(await f.unit(jobId, 0)).toMatchObject({ failureClass: 'bad_input', attempt: 1 });
    expect((await f.unit(jobId, 0)).failureMessage).toContain(join(file, 'below'));
    expect(f.worker.runs).toHaveLength(0);
  });

  test("a real lock on the store's file is waited for", async () => {
    const path = join(temporaryDirectory(), 'batch.db');
    const f = flow({ path });
    const jobId = await busy(f, 3, 1);
    const other = new Database(path);
    other.exec('BEGIN IMMEDIATE');
    f.worker.finish(0);
    await f.tick();
    expect((await f.unit(jobId, 0)).status).toBe('running');
    other.exec('ROLLBACK');
    other.close();
    await f.until(async () => (await f.job(jobId)).status === 'completed');
  });
});

describe('when the clock is changed', () => {
  test('back by a day, units in back-off are due at the same time as before', async () => {
    const f = flow();
    const jobId = await f.begin({ units: 1 });
    f.worker.on(0, fails('rate_limited', { retryAfterMs: 60_000 }), ok());
    await f.until(async () => (await f.unit(jobId, 0)).status === 'pending' && (await f.unit(jobId, 0)).attempt === 1);
    f.clock.setWall(f.clock.now() - 24 * 3_600_000);
    await f.after(61_000);
    await f.until(async () => (await f.job(jobId)).status === 'completed');
    const [first, second] = await f.attempts(jobId, 0);
    expect(second?.startedAt).toBeGreaterThan(first?.endedAt ?? Number.POSITIVE_INFINITY);
  });

  test('back by a day before a new executor, no attempt, test or job ends before its start', async () => {
    const f = flow({ path: join(temporaryDirectory(), 'batch.db') });
    const jobId = await busy(f, 3, 3);
    const day = 24 * 3_600_000;
    await f.killExecutor(jobId);
    const db = new Database(f.store.repository.path);
    db.prepare('UPDATE leases SET pid = ?, pid_started_at = NULL, boot_id = NULL').run(DEAD_PID);
    db.close();
    f.clock.setWall(f.clock.now() - day);
    // Programs that start now know only the new time.
    const g = flowOn(temporaryStore({ path: f.store.repository.path, clock: f.clock }), f.clock);
    await g.recover(jobId);
    await g.until(async () => ['completed', 'failed'].includes((await g.job(jobId)).status));
    const { startedAt, endedAt } = await g.job(jobId);
    expect(endedAt).toBeGreaterThanOrEqual(startedAt ?? Number.POSITIVE_INFINITY);
    for (const unit of [0, 1, 2]) {
      for (const attempt of await g.attempts(jobId, unit))
        expect(attempt.endedAt).toBeGreaterThanOrEqual(attempt.startedAt);
    }
  });

  test('during a test, its measured duration is shown and used in the estimate', async () => {
    const f = flow();
    f.worker.on(0, ok({ text: 'done' }, { durationMs: 2000 }));
    const jobId = await f.create({ units: 3 });
    const answer = f.call('start_job', { job_id: jobId, wait_seconds: 0 });
    await answer;
    f.clock.setWall(f.clock.now() + 24 * 3_600_000);
    await f.until(async () => (await f.job(jobId)).test?.state === 'passed');
    const status = await f.call('get_job_status', { job_id: jobId });
    expect(status.test?.results).toMatchObject([{ duration_s: 2 }]);
    expect(JSON.stringify(status)).not.toMatch(/86[34]\d\d/);
  });

  test('forward by a day (a sleeping laptop), the job continues and keeps its lease', async () => {
    const f = flow();
    const jobId = await busy(f);
    f.clock.setWall(f.clock.now() + 24 * 3_600_000);
    await f.tick(2);
    for (const unit of [0, 1, 2]) f.worker.finish(unit);
    await f.until(async () => (await f.job(jobId)).status === 'completed');
    expect(await f.events(jobId, 'executor:lost')).toEqual([]);
  });
});

test("agents' output is stored without secrets", async () => {
  const f = flow();
  const secret = 'sk-ant-api03-abcdefghijklmnop';
  f.worker.on(0, ok({ text: `the key is ${secret}`, structured: { note: secret, tokens_used: 7 } }));
  const jobId = await f.begin({ units: 1 });
  await f.until(async () => (await f.job(jobId)).status === 'completed');
  expect((await f.attempts(jobId, 0))[0]?.result).toEqual({
    text: 'the key is [redacted]',
    structured: { note: '[redacted]', tokens_used: 7 },
  });
});

test('every attempt has its own run directory', async () => {
  const f = flow();
  const jobId = await f.begin({ units: 2 });
  f.worker.on(0, fails('timeout'), ok());
  await f.until(async () => (await f.job(jobId)).status === 'completed');
  const attempts = await Promise.all([0, 1].map((unit) => f.attempts(jobId, unit)));
  const places = attempts.flat().map(({ runDirectory }) => runDirectory);
  expect(new Set(places).size).toBe(3);
  expect(places.map((place) => statSync(place).mode & 0o777)).toEqual([0o700, 0o700, 0o700]);
});

test('several openers of a store see the same rows', async () => {
  const path = join(temporaryDirectory(), 'batch.db');
  const f = flow({ path });
  const jobId = await f.begin({ units: 3 });
  await f.until(async () => (await f.job(jobId)).status === 'completed');
  const other = temporaryStore({ path, clock: f.clock });
  expect(await other.repository.jobs.get(jobId)).toEqual(await f.job(jobId));
});
