import { expect, test } from 'vitest';
import type { Handle } from '../../src/domain/attempt.ts';
import type { LeaseToken, ProcessIdentity } from '../../src/domain/lease.ts';
import type { Claim, ClaimRequest } from '../../src/ports/dispatcher.ts';
import type { Tx } from '../../src/ports/repository.ts';
import type { Store } from '../../src/repository/index.ts';
import { type FakeClock, fakeClock } from '../helpers/clock.ts';
import {
  claimed,
  claimOne,
  claimUnits,
  DEAD_PID,
  holdLease,
  type JobSeed,
  seedJob,
  settleAs,
  unitIn,
} from '../helpers/store.ts';

/** The contract of every dispatcher. `open` makes an empty store of the test. Call it inside a `describe`. */
export function dispatcherContract(
  open: (clock: FakeClock, isDead: (process: ProcessIdentity) => boolean, isGone: (handle: Handle) => boolean) => Store,
): void {
  const fresh = () => {
    const clock = fakeClock();
    const store = open(
      clock,
      ({ pid }) => pid === DEAD_PID,
      ({ gone }) => gone === true,
    );
    return {
      ...store,
      store,
      clock,
      tx: <T>(work: (t: Tx) => Promise<T>) => store.repository.transaction('store', work),
    };
  };
  const withJob = async (seed: JobSeed = {}) => {
    const all = fresh();
    const { jobId } = await seedJob(all.store, { limits: { max_workers: 100 }, ...seed });
    return { ...all, jobId, lease: await holdLease(all.store, jobId) };
  };
  /** Makes jobs, one after the other, and holds their leases. */
  const heldJobs = async (store: Store, seeds: readonly JobSeed[]) => {
    const leases: LeaseToken[] = [];
    for (const seed of seeds) leases.push(await holdLease(store, (await seedJob(store, seed)).jobId));
    return leases;
  };
  const indexes = (claims: readonly Claim[]) => claims.map(({ unit }) => unit.index);

  test('claims pending units in index order, as many as there are slots, each with a new attempt', async () => {
    const { store, repository, lease, jobId, clock } = await withJob({ units: 5 });
    const claims = await claimUnits(store, lease, {
      ...{ limit: 2, purpose: 'test', revision: 1 },
      budget: { leftUsd: 9, reservationsUsd: [0.5] },
    });
    expect(indexes(claims)).toEqual([0, 1]);
    const [first] = claims;
    expect(first?.unit).toMatchObject({ status: 'running', attempt: 1 });
    expect(first?.attempt).toMatchObject({
      jobId,
      index: 0,
      attempt: 1,
      purpose: 'test',
      status: 'running',
      revision: 1,
      epoch: lease.epoch,
      runDirectory: '/runs/0.1',
      reservedUsd: 0.5,
      handle: null,
      startedAt: clock.now(),
    });
    expect(first?.attempt.attemptId).not.toBe(claims[1]?.attempt.attemptId);
    expect(await repository.attempts.running(jobId)).toEqual(claims.map(({ attempt }) => attempt));
    expect(await repository.jobs.tally(jobId)).toMatchObject({ reservedUsd: 1, steps: [{ unitsTried: 2 }] });
    expect(indexes(await claimUnits(store, lease))).toEqual([2, 3, 4]);
    expect(await claimUnits(store, lease)).toEqual([]);
  });

  test('claims nothing without the lease', async () => {
    const { store, lease, tx } = await withJob();
    expect(await claimUnits(store, { ...lease, epoch: lease.epoch - 1 })).toEqual([]);
    expect(await claimUnits(store, { ...lease, owner: 'a stranger' })).toEqual([]);
    await tx(async (t) => t.leases.release(lease));
    expect(await claimUnits(store, lease)).toEqual([]);
    expect(await claimUnits(store, await holdLease(store, lease.jobId))).toHaveLength(3);
  });

  test('claims only the given units for a test', async () => {
    const { store, lease } = await withJob({ units: 5 });
    expect(indexes(await claimUnits(store, lease, { indexes: [4, 2, 99] }))).toEqual([2, 4]);
    expect(await claimUnits(store, lease, { indexes: [4, 2] })).toEqual([]);
  });

  test('a unit in its back-off waits; due retries come before new units', async () => {
    const { store, lease, clock } = await withJob({ units: 4 });
    await settleAs(store, await claimOne(store, lease, 2), 'timeout', 'pending', { notBefore: clock.now() + 1000 });
    await settleAs(store, await claimOne(store, lease, 3), 'timeout', 'pending', { notBefore: clock.now() + 500 });
    clock.advance(499);
    expect(indexes(await claimUnits(store, lease, { limit: 1 }))).toEqual([0]);
    clock.advance(501);
    const claims = await claimUnits(store, lease);
    expect(indexes(claims)).toEqual([3, 2, 1]);
    expect(claims[0]?.unit).toMatchObject({ attempt: 2, notBefore: 0 });
  });

  test('a unit that was interrupted twice is claimed only alone, on request', async () => {
    const { store, lease } = await withJob({ units: 3 });
    await settleAs(store, await claimOne(store, lease, 0), 'interrupted', 'pending', { interruptions: 2 });
    await settleAs(store, await claimOne(store, lease, 1), 'interrupted', 'pending', { interruptions: 1 });
    expect(indexes(await claimUnits(store, lease))).toEqual([1, 2]);
    expect(indexes(await claimUnits(store, lease, { alone: true }))).toEqual([0]);
    expect(await claimUnits(store, lease, { alone: true })).toEqual([]);
  });

  test('a unit that was put back is not claimed before its last attempt has ended', async () => {
    const { store, lease, jobId, tx } = await withJob({ units: 1 });
    const first = await claimOne(store, lease, 0);
    await tx(async (t) => t.units.moveMany(jobId, {}, 'pending', 1));
    expect(await claimUnits(store, lease)).toEqual([]);
    expect(await claimUnits(store, lease, { indexes: [0] })).toEqual([]);
    await settleAs(store, first, 'cancelled', 'cancelled');
    expect((await claimUnits(store, lease))[0]?.attempt.attempt).toBe(2);
  });

  test('units at a later step come first, and the first one that the budget does not cover is the last one looked at', async () => {
    const { store, lease } = await withJob({ units: 5 });
    for (const [unit, step] of [
      [4, 1],
      [4, 2],
      [2, 1],
      [3, 1],
    ] as const) {
      await settleAs(store, await claimOne(store, lease, unit), null, 'pending', { step });
    }
    const peek = async (request: Partial<ClaimRequest>) => {
      const { claims, unaffordable } = await claimed(store, lease, request);
      for (const claim of claims) await settleAs(store, claim, 'usage_limit', 'pending', { failureClass: null });
      return [claims.map(({ unit, attempt }) => [unit.index, attempt.step, attempt.reservedUsd]), unaffordable];
    };
    const order = [
      [4, 2],
      [2, 1],
      [3, 1],
      [0, 0],
      [1, 0],
    ];
    expect(await peek({})).toEqual([order.map(([unit, step]) => [unit, step, 0]), null]);
    expect(await peek({ limit: 2 })).toEqual([order.slice(0, 2).map(([unit, step]) => [unit, step, 0]), null]);
    const room = (leftUsd: number, ...reservationsUsd: readonly number[]) => ({ budget: { leftUsd, reservationsUsd } });
    expect(await peek(room(2.5, 0.5, 1, 1))).toEqual([
      [
        [4, 2, 1],
        [2, 1, 1],
      ],
      1,
    ]);
    expect(await peek(room(0.4, 0.1, 0.1, 0.5))).toEqual([[], 2]);
    // What costs nothing is always covered, but nothing passes what has to be paid for first.
    expect(await peek(room(0, 0, 0, 0))).toEqual([order.map(([unit, step]) => [unit, step, 0]), null]);
    expect(await peek(room(0, 0, 1, 0))).toEqual([[[4, 2, 0]], 1]);
  });

  test('chosen units and one that runs alone are held to the budget, too', async () => {
    const { store, lease } = await withJob({ units: 3 });
    const dear = { budget: { leftUsd: 1, reservationsUsd: [2] } };
    expect(await claimed(store, lease, { ...dear, indexes: [1] })).toEqual({ claims: [], unaffordable: 0 });
    await settleAs(store, await claimOne(store, lease, 2), 'interrupted', 'pending', { interruptions: 2 });
    expect(await claimed(store, lease, { ...dear, alone: true, limit: 1 })).toEqual({ claims: [], unaffordable: 0 });
    expect(indexes(await claimUnits(store, lease, { alone: true, limit: 1 }))).toEqual([2]);
  });

  test('scopes are kept apart', async () => {
    const { store, repository, lease, jobId, tx } = await withJob({ units: 1 });
    await tx(async (t) => t.units.add(jobId, 'job', 0, [{ payload: {} }]));
    expect(await claimUnits(store, lease)).toHaveLength(1);
    expect(await claimUnits(store, lease, { scope: 'job' })).toHaveLength(0);
    await tx(async (t) => t.jobs.patch(jobId, { jobStepsBegun: true }));
    const [last] = await claimUnits(store, lease, { scope: 'job' });
    expect(last?.attempt).toMatchObject({ scope: 'job', index: 0 });
    expect(await repository.units.counts(jobId)).toMatchObject({ total: 1, running: 1 });
    expect(await repository.units.counts(jobId, 'job')).toMatchObject({ total: 1, running: 1 });
    const { steps } = await repository.jobs.tally(jobId);
    expect(steps).toMatchObject([
      { scope: 'unit', step: 0, unitsTried: 1 },
      { scope: 'job', step: 0, unitsTried: 1 },
    ]);
  });

  // ── the machine ───────────────────────────────────────────────────────────────────────────────────────────────────

  test('all jobs together stay within the bound of the machine', async () => {
    const { store, tx, repository } = fresh();
    const leases = await heldJobs(
      store,
      [1, 2, 3].map(() => ({ units: 9, limits: { max_workers: 9 } })),
    );
    const claim = async (n: number) => (await claimUnits(store, leases[n] ?? fail(), { maxTotalWorkers: 7 })).length;
    const first = [await claim(0), await claim(1), await claim(2)];
    expect(first.reduce((sum, n) => sum + n)).toBe(7);
    expect(Math.min(...first), String(first)).toBeGreaterThan(0);
    expect([await claim(0), await claim(1), await claim(2)]).toEqual([0, 0, 0]);
    // A cancelled unit counts until its agent has ended.
    const jobId = leases[0]?.jobId ?? '';
    await tx(async (t) => t.units.moveMany(jobId, { statuses: ['running'] }, 'cancelled', 9));
    expect((await claim(1)) + (await claim(2))).toBe(0);
    for (const attempt of await repository.attempts.running(jobId)) {
      await settleAs(store, { attempt, unit: await unitIn(store, jobId, attempt.index) }, 'cancelled', 'cancelled');
    }
    expect((await claim(1)) + (await claim(2)) + (await claim(0))).toBe(first[0]);
  });

  test('slots that a job cannot use go to others; paused, ended and ownerless jobs keep none', async () => {
    const { store, tx } = fresh();
    const small = await seedJob(store, { units: 1 });
    const bounded = await seedJob(store, { units: 50, limits: { max_workers: 2 } });
    const paused = await seedJob(store, { units: 50, status: 'paused', patch: { pauseReason: 'usage_limit' } });
    const without = await seedJob(store, { units: 50 });
    const big = await seedJob(store, { units: 50, limits: { max_workers: 50 } });
    await holdLease(store, small.jobId);
    await holdLease(store, bounded.jobId);
    await holdLease(store, paused.jobId);
    const released = await holdLease(store, without.jobId);
    await tx(async (t) => t.leases.release(released));
    const claims = await claimUnits(store, await holdLease(store, big.jobId), { maxTotalWorkers: 16 });
    expect(claims).toHaveLength(16 - 1 - 2);
  });

  test('a job whose units wait for the end of a back-off leaves the slots to the others until then', async () => {
    const { store, clock } = fresh();
    const [refused, other] = await heldJobs(
      store,
      [1, 2].map(() => ({ units: 9, limits: { max_workers: 9 } })),
    );
    if (!refused || !other) throw new Error('two jobs');
    for (const claim of await claimUnits(store, refused, { limit: 9 })) {
      await settleAs(store, claim, 'rate_limited', 'pending', { notBefore: clock.now() + 60_000 });
    }
    const claim = async (lease: typeof other) =>
      (await claimUnits(store, lease, { maxTotalWorkers: 6, limit: 5 })).length;
    expect(await claim(other)).toBe(5);
    clock.advance(60_000);
    expect(await claim(other)).toBe(0);
    expect(await claim(refused)).toBe(1);
  });

  test('a job whose executor is dead keeps only the slots of its living agents', async () => {
    const { store, tx } = fresh();
    const dead = await holdLease(
      store,
      (await seedJob(store, { units: 9, limits: { max_workers: 4 } })).jobId,
      DEAD_PID,
    );
    const [first, second] = await claimUnits(store, dead, { limit: 3 });
    const other = await holdLease(store, (await seedJob(store, { units: 9, limits: { max_workers: 4 } })).jobId);
    const claim = async () => (await claimUnits(store, other, { maxTotalWorkers: 4 })).length;
    const started = (claimed: typeof first, gone: boolean) =>
      tx(async (t) => {
        if (claimed) await t.attempts.recordRun(claimed.attempt, { handle: { gone }, machineId: 'm', deadlineAt: 0 });
      });
    await started(first, false);
    await started(second, false);
    expect(await claim()).toBe(2);
    await started(second, true);
    expect(await claim()).toBe(1);
    expect(await claim()).toBe(0);
  });

  test('slots that an ending job still uses are not shared out', async () => {
    const { store, tx } = fresh();
    const leaving = await holdLease(store, (await seedJob(store, { units: 2 })).jobId);
    const leases = await heldJobs(
      store,
      [1, 2].map(() => ({ units: 9, limits: { max_workers: 9 } })),
    );
    await claimUnits(store, leaving, { maxTotalWorkers: 6 });
    await tx(async (t) => t.jobs.move(leaving.jobId, 'paused', { patch: { pauseReason: 'user' } }));
    const claimed: number[] = [];
    for (const lease of leases) claimed.push((await claimUnits(store, lease, { maxTotalWorkers: 6 })).length);
    expect(claimed).toEqual([2, 2]);
  });

  test('with fewer slots than jobs the one that waited longest is next', async () => {
    const { store, clock } = fresh();
    const leases = await heldJobs(
      store,
      ['a', 'b', 'c'].map((name) => ({ jobId: `job-${name}`, units: 9 })),
    );
    const turns: string[] = [];
    for (let turn = 0; turn < 9; turn++) {
      clock.advance(10);
      // Always in the same order: the first to ask must not get every slot.
      for (const lease of leases) {
        for (const claim of await claimUnits(store, lease, { maxTotalWorkers: 1 })) {
          turns.push(lease.jobId.slice(4));
          await settleAs(store, claim, null, 'completed');
        }
      }
    }
    expect(turns.slice(0, 3).sort()).toEqual(['a', 'b', 'c']);
    expect(turns.filter((name) => name === 'c').length).toBeGreaterThanOrEqual(3);
  });

  // ── settling ──────────────────────────────────────────────────────────────────────────────────────────────────────

  test('an attempt ends once, with its outcome, cost and unit in one transaction', async () => {
    const { store, repository, lease, jobId, clock } = await withJob();
    const claim = await claimOne(store, lease, 0);
    clock.advance(100);
    const usage = { costUsd: 0.25, costEstimated: true, inputTokens: 10, outputTokens: 3, sessionId: 's', turns: 2 };
    expect(await settleAs(store, claim, null, 'completed', { usage })).toBe('settled');
    expect(await repository.attempts.get(claim.attempt)).toMatchObject({
      status: 'succeeded',
      result: { text: 'done' },
      usage,
      endedAt: clock.now(),
    });
    const spent = { costUsd: 0.25, costEstimated: true, inputTokens: 10, outputTokens: 3 };
    expect(await repository.jobs.get(jobId)).toMatchObject(spent);
    expect(await settleAs(store, claim, 'timeout', 'failed', { usage })).toBe('fenced');
    expect((await repository.attempts.get(claim.attempt))?.status).toBe('succeeded');
    expect((await unitIn(store, jobId, 0)).status).toBe('completed');
    expect(await repository.jobs.get(jobId)).toMatchObject(spent);
  });

  test('a unit that was taken away stays as it is; outcome and cost of its attempt are recorded', async () => {
    const { store, repository, lease, jobId, tx } = await withJob();
    const claim = await claimOne(store, lease, 0);
    expect(await repository.dispatcher.lost([claim])).toEqual([]);
    await tx(async (t) => t.units.moveMany(jobId, { indexes: [0] }, 'cancelled', 1));
    expect(await repository.dispatcher.lost([claim])).toEqual([claim]);
    expect(await settleAs(store, claim, null, 'completed', { usage: { costUsd: 1 } })).toBe('fenced');
    expect((await unitIn(store, jobId, 0)).status).toBe('cancelled');
    expect((await repository.attempts.get(claim.attempt))?.status).toBe('succeeded');
    expect((await repository.jobs.get(jobId))?.costUsd).toBe(1);
  });

  test('an outdated attempt cannot change its unit: the attempt number is the fence', async () => {
    const { store, repository, lease, jobId } = await withJob();
    const first = await claimOne(store, lease, 0);
    await settleAs(store, first, 'interrupted', 'pending');
    const second = await claimOne(store, lease, 0);
    expect(await settleAs(store, first, null, 'completed')).toBe('fenced');
    expect(await unitIn(store, jobId, 0)).toMatchObject({ status: 'running', attempt: 2 });
    expect(await settleAs(store, second, null, 'completed')).toBe('settled');
    expect((await repository.attempts.ofUnit(second.unit)).map(({ status }) => status)).toEqual([
      'interrupted',
      'succeeded',
    ]);
  });

  test('a settled attempt resets the count of lost executors; an interrupted one does not', async () => {
    const { store, repository, lease, jobId, tx } = await withJob();
    await tx(async (t) => t.jobs.patch(jobId, { executorsLost: 2 }));
    await settleAs(store, await claimOne(store, lease, 0), 'interrupted', 'pending');
    expect((await repository.jobs.get(jobId))?.executorsLost).toBe(2);
    await settleAs(store, await claimOne(store, lease, 0), 'timeout', 'pending', { notBefore: 1 });
    expect((await repository.jobs.get(jobId))?.executorsLost).toBe(0);
  });

  test('the queue of a cancelled job is emptied in chunks, of both scopes', async () => {
    const { store, repository, lease, jobId, tx } = await withJob({ units: 5 });
    await tx(async (t) => t.units.add(jobId, 'job', 0, [{ payload: {} }]));
    await settleAs(store, await claimOne(store, lease, 1), null, 'completed');
    const withdraw = () => tx(async (t) => t.dispatcher.withdraw(jobId, 3));
    expect([await withdraw(), await withdraw(), await withdraw()]).toEqual([3, 2, 0]);
    expect(await repository.units.counts(jobId)).toMatchObject({ pending: 0, cancelled: 4, completed: 1 });
    expect(await repository.units.counts(jobId, 'job')).toMatchObject({ cancelled: 1 });
  });
}

function fail(): never {
  throw new Error('no such lease');
}
