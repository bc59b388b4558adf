import { expect, test } from 'vitest';
import type { ProcessIdentity } from '../../src/domain/lease.ts';
import type { Store } from '../../src/repository/index.ts';
import { type FakeClock, fakeClock } from '../helpers/clock.ts';
import {
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
  open: (clock: FakeClock, isDead: (process: ProcessIdentity) => boolean) => Store,
): void {
  const fresh = () => {
    const clock = fakeClock();
    const store = open(clock, ({ pid }) => pid === DEAD_PID);
    return { ...store, store, clock, tx: store.repository.transaction };
  };
  const withJob = (seed: JobSeed = {}) => {
    const all = fresh();
    const { jobId } = seedJob(all.store, { limits: { max_workers: 100 }, ...seed });
    return { ...all, jobId, lease: holdLease(all.store, jobId) };
  };
  const indexes = (claims: ReturnType<typeof claimUnits>) => claims.map(({ unit }) => unit.index);

  test('claims pending units in index order, as many as there are slots, each with a new attempt', () => {
    const { store, repository, lease, jobId, clock } = withJob({ units: 5 });
    const claims = claimUnits(store, lease, { limit: 2, reservationUsd: 0.5, purpose: 'test', revision: 1 });
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
      pid: null,
      startedAt: clock.now(),
    });
    expect(first?.attempt.attemptId).not.toBe(claims[1]?.attempt.attemptId);
    expect(repository.attempts.running(jobId)).toEqual(claims.map(({ attempt }) => attempt));
    expect(repository.jobs.tally(jobId)).toMatchObject({ reservedUsd: 1, unitsTried: 2 });
    expect(indexes(claimUnits(store, lease))).toEqual([2, 3, 4]);
    expect(claimUnits(store, lease)).toEqual([]);
  });

  test('claims nothing without the lease', () => {
    const { store, repository, lease, tx } = withJob();
    expect(claimUnits(store, { ...lease, epoch: lease.epoch - 1 })).toEqual([]);
    expect(claimUnits(store, { ...lease, owner: 'a stranger' })).toEqual([]);
    tx((t) => repository.leases.release(t, lease));
    expect(claimUnits(store, lease)).toEqual([]);
    expect(claimUnits(store, holdLease(store, lease.jobId))).toHaveLength(3);
  });

  test('claims only the given units for a test', () => {
    const { store, lease } = withJob({ units: 5 });
    expect(indexes(claimUnits(store, lease, { indexes: [4, 2, 99] }))).toEqual([2, 4]);
    expect(claimUnits(store, lease, { indexes: [4, 2] })).toEqual([]);
  });

  test('a unit in its back-off waits; due retries come before new units', () => {
    const { store, lease, clock } = withJob({ units: 4 });
    settleAs(store, claimOne(store, lease, 2), 'timeout', 'pending', { notBefore: clock.now() + 1000 });
    settleAs(store, claimOne(store, lease, 3), 'timeout', 'pending', { notBefore: clock.now() + 500 });
    clock.advance(499);
    expect(indexes(claimUnits(store, lease, { limit: 1 }))).toEqual([0]);
    clock.advance(501);
    const claims = claimUnits(store, lease);
    expect(indexes(claims)).toEqual([3, 2, 1]);
    expect(claims[0]?.unit).toMatchObject({ attempt: 2, notBefore: 0 });
  });

  test('a unit that was interrupted twice is claimed only alone, on request', () => {
    const { store, lease } = withJob({ units: 3 });
    settleAs(store, claimOne(store, lease, 0), 'interrupted', 'pending', { interruptions: 2 });
    settleAs(store, claimOne(store, lease, 1), 'interrupted', 'pending', { interruptions: 1 });
    expect(indexes(claimUnits(store, lease))).toEqual([1, 2]);
    expect(indexes(claimUnits(store, lease, { alone: true }))).toEqual([0]);
    expect(claimUnits(store, lease, { alone: true })).toEqual([]);
  });

  test('a unit that was put back is not claimed before its last attempt has ended', () => {
    const { store, repository, lease, jobId, tx } = withJob({ units: 1 });
    const first = claimOne(store, lease, 0);
    tx((t) => repository.units.moveMany(t, jobId, {}, 'pending', 1));
    expect(claimUnits(store, lease)).toEqual([]);
    expect(claimUnits(store, lease, { indexes: [0] })).toEqual([]);
    settleAs(store, first, 'cancelled', 'cancelled');
    expect(claimUnits(store, lease)[0]?.attempt.attempt).toBe(2);
  });

  test('stages are kept apart', () => {
    const { store, repository, lease, jobId, tx } = withJob({ units: 1 });
    tx((t) => repository.units.add(t, jobId, 'post', 0, [{ payload: {} }]));
    expect(claimUnits(store, lease)).toHaveLength(1);
    expect(claimUnits(store, lease, { stage: 'post', purpose: 'post' })).toHaveLength(0);
    tx((t) => repository.jobs.move(t, jobId, 'post_processing'));
    const [post] = claimUnits(store, lease, { stage: 'post', purpose: 'post' });
    expect(post?.attempt).toMatchObject({ stage: 'post', index: 0, purpose: 'post' });
    expect(repository.units.counts(jobId)).toMatchObject({ total: 1, running: 1 });
    expect(repository.units.counts(jobId, 'post')).toMatchObject({ total: 1, running: 1 });
    expect(repository.jobs.tally(jobId).unitsTried).toBe(1);
  });

  // ── the machine ───────────────────────────────────────────────────────────────────────────────────────────────────

  test('all jobs together stay within the bound of the machine', () => {
    const { store, tx, repository } = fresh();
    const leases = [1, 2, 3].map(() =>
      holdLease(store, seedJob(store, { units: 9, limits: { max_workers: 9 } }).jobId),
    );
    const claim = (n: number) => claimUnits(store, leases[n] ?? fail(), { maxTotalWorkers: 7 }).length;
    const first = [claim(0), claim(1), claim(2)];
    expect(first.reduce((sum, n) => sum + n)).toBe(7);
    expect(Math.min(...first), String(first)).toBeGreaterThan(0);
    expect([claim(0), claim(1), claim(2)]).toEqual([0, 0, 0]);
    // A cancelled unit counts until its agent has ended.
    const jobId = leases[0]?.jobId ?? '';
    tx((t) => repository.units.moveMany(t, jobId, { statuses: ['running'] }, 'cancelled', 9));
    expect(claim(1) + claim(2)).toBe(0);
    for (const attempt of repository.attempts.running(jobId)) {
      settleAs(store, { attempt, unit: unitIn(store, jobId, attempt.index) }, 'cancelled', 'cancelled');
    }
    expect(claim(1) + claim(2) + claim(0)).toBe(first[0]);
  });

  test('slots that a job cannot use go to others; paused, ended and ownerless jobs keep none', () => {
    const { store, tx, repository } = fresh();
    const small = seedJob(store, { units: 1 });
    const bounded = seedJob(store, { units: 50, limits: { max_workers: 2 } });
    const paused = seedJob(store, { units: 50, status: 'paused', patch: { pauseReason: 'usage_limit' } });
    const without = seedJob(store, { units: 50 });
    const big = seedJob(store, { units: 50, limits: { max_workers: 50 } });
    holdLease(store, small.jobId);
    holdLease(store, bounded.jobId);
    holdLease(store, paused.jobId);
    const released = holdLease(store, without.jobId);
    tx((t) => repository.leases.release(t, released));
    const claims = claimUnits(store, holdLease(store, big.jobId), { maxTotalWorkers: 16 });
    expect(claims).toHaveLength(16 - 1 - 2);
  });

  test('a job whose units wait for the end of a back-off leaves the slots to the others until then', () => {
    const { store, clock } = fresh();
    const [refused, other] = [1, 2].map(() =>
      holdLease(store, seedJob(store, { units: 9, limits: { max_workers: 9 } }).jobId),
    );
    if (!refused || !other) throw new Error('two jobs');
    for (const claim of claimUnits(store, refused, { limit: 9 })) {
      settleAs(store, claim, 'rate_limited', 'pending', { notBefore: clock.now() + 60_000 });
    }
    const claim = (lease: typeof other) => claimUnits(store, lease, { maxTotalWorkers: 6, limit: 5 }).length;
    expect(claim(other)).toBe(5);
    clock.advance(60_000);
    expect(claim(other)).toBe(0);
    expect(claim(refused)).toBe(1);
  });

  test('a job whose executor is dead keeps only the slots of its living agents', () => {
    const { store, tx, repository } = fresh();
    const dead = holdLease(store, seedJob(store, { units: 9, limits: { max_workers: 4 } }).jobId, DEAD_PID);
    const [first, second] = claimUnits(store, dead, { limit: 3 });
    const other = holdLease(store, seedJob(store, { units: 9, limits: { max_workers: 4 } }).jobId);
    const claim = () => claimUnits(store, other, { maxTotalWorkers: 4 }).length;
    const spawned = (claimed: typeof first, pid: number) =>
      tx((t) => {
        if (claimed)
          repository.attempts.recordSpawn(t, claimed.attempt, { pid, startedAt: 's', bootId: 'b', machineId: 'm' }, 0);
      });
    spawned(first, 4711);
    spawned(second, 4712);
    expect(claim()).toBe(2);
    spawned(second, DEAD_PID);
    expect(claim()).toBe(1);
    expect(claim()).toBe(0);
  });

  test('slots that an ending job still uses are not shared out', () => {
    const { store, tx, repository } = fresh();
    const leaving = holdLease(store, seedJob(store, { units: 2 }).jobId);
    const leases = [1, 2].map(() => holdLease(store, seedJob(store, { units: 9, limits: { max_workers: 9 } }).jobId));
    claimUnits(store, leaving, { maxTotalWorkers: 6 });
    tx((t) => repository.jobs.move(t, leaving.jobId, 'paused', { patch: { pauseReason: 'user' } }));
    expect(leases.map((lease) => claimUnits(store, lease, { maxTotalWorkers: 6 }).length)).toEqual([2, 2]);
  });

  test('with fewer slots than jobs the one that waited longest is next', () => {
    const { store, clock } = fresh();
    const leases = ['a', 'b', 'c'].map((name) =>
      holdLease(store, seedJob(store, { jobId: `job-${name}`, units: 9 }).jobId),
    );
    const turns: string[] = [];
    for (let turn = 0; turn < 9; turn++) {
      clock.advance(10);
      // Always in the same order: the first to ask must not get every slot.
      for (const lease of leases) {
        for (const claim of claimUnits(store, lease, { maxTotalWorkers: 1 })) {
          turns.push(lease.jobId.slice(4));
          settleAs(store, claim, null, 'completed');
        }
      }
    }
    expect(turns.slice(0, 3).sort()).toEqual(['a', 'b', 'c']);
    expect(turns.filter((name) => name === 'c').length).toBeGreaterThanOrEqual(3);
  });

  // ── settling ──────────────────────────────────────────────────────────────────────────────────────────────────────

  test('an attempt ends once, with its outcome, cost and unit in one transaction', () => {
    const { store, repository, lease, jobId, clock } = withJob();
    const claim = claimOne(store, lease, 0);
    clock.advance(100);
    const usage = { costUsd: 0.25, costEstimated: true, inputTokens: 10, outputTokens: 3, sessionId: 's', turns: 2 };
    expect(settleAs(store, claim, null, 'completed', { usage })).toBe('settled');
    expect(repository.attempts.get(claim.attempt)).toMatchObject({
      status: 'succeeded',
      result: { text: 'done' },
      usage,
      endedAt: clock.now(),
    });
    const spent = { costUsd: 0.25, costEstimated: true, inputTokens: 10, outputTokens: 3 };
    expect(repository.jobs.get(jobId)).toMatchObject(spent);
    expect(settleAs(store, claim, 'timeout', 'failed', { usage })).toBe('fenced');
    expect(repository.attempts.get(claim.attempt)?.status).toBe('succeeded');
    expect(unitIn(store, jobId, 0).status).toBe('completed');
    expect(repository.jobs.get(jobId)).toMatchObject(spent);
  });

  test('a unit that was taken away stays as it is; outcome and cost of its attempt are recorded', () => {
    const { store, repository, dispatcher, lease, jobId, tx } = withJob();
    const claim = claimOne(store, lease, 0);
    expect(dispatcher.lost([claim])).toEqual([]);
    tx((t) => repository.units.moveMany(t, jobId, { indexes: [0] }, 'cancelled', 1));
    expect(dispatcher.lost([claim])).toEqual([claim]);
    expect(settleAs(store, claim, null, 'completed', { usage: { costUsd: 1 } })).toBe('fenced');
    expect(unitIn(store, jobId, 0).status).toBe('cancelled');
    expect(repository.attempts.get(claim.attempt)?.status).toBe('succeeded');
    expect(repository.jobs.get(jobId)?.costUsd).toBe(1);
  });

  test('an outdated attempt cannot change its unit: the attempt number is the fence', () => {
    const { store, repository, lease, jobId } = withJob();
    const first = claimOne(store, lease, 0);
    settleAs(store, first, 'interrupted', 'pending');
    const second = claimOne(store, lease, 0);
    expect(settleAs(store, first, null, 'completed')).toBe('fenced');
    expect(unitIn(store, jobId, 0)).toMatchObject({ status: 'running', attempt: 2 });
    expect(settleAs(store, second, null, 'completed')).toBe('settled');
    expect(repository.attempts.ofUnit(second.unit).map(({ status }) => status)).toEqual(['interrupted', 'succeeded']);
  });

  test('a settled attempt resets the count of lost executors; an interrupted one does not', () => {
    const { store, repository, lease, jobId, tx } = withJob();
    tx((t) => repository.jobs.patch(t, jobId, { executorsLost: 2 }));
    settleAs(store, claimOne(store, lease, 0), 'interrupted', 'pending');
    expect(repository.jobs.get(jobId)?.executorsLost).toBe(2);
    settleAs(store, claimOne(store, lease, 0), 'timeout', 'pending', { notBefore: 1 });
    expect(repository.jobs.get(jobId)?.executorsLost).toBe(0);
  });

  test('the queue of a cancelled job is emptied in chunks, of both stages', () => {
    const { store, repository, dispatcher, lease, jobId, tx } = withJob({ units: 5 });
    tx((t) => repository.units.add(t, jobId, 'post', 0, [{ payload: {} }]));
    settleAs(store, claimOne(store, lease, 1), null, 'completed');
    const withdraw = () => tx((t) => dispatcher.withdraw(t, jobId, 3));
    expect([withdraw(), withdraw(), withdraw()]).toEqual([3, 2, 0]);
    expect(repository.units.counts(jobId)).toMatchObject({ pending: 0, cancelled: 4, completed: 1 });
    expect(repository.units.counts(jobId, 'post')).toMatchObject({ cancelled: 1 });
  });
}

function fail(): never {
  throw new Error('no such lease');
}
