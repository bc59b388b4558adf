import { describe, expect, test } from 'vitest';
import type { Lease, ProcessIdentity } from '../../src/domain/lease.ts';
import { createLeaseObserver, executorState } from '../../src/supervision/lease.ts';
import { identify, provablyDead } from '../../src/workers/process/processes.ts';
import { fakeClock } from '../helpers/clock.ts';
import { DEAD_PID } from '../helpers/store.ts';

const LEASE_MS = 15_000;
const living = identify(process.pid);
const [boot] = living.bootId?.split(' ') ?? [];
/** Identity of another machine: its pids and start times may be the same. */
const elsewhere = { ...living, machineId: 'another machine' };

const leaseOf = (holder: ProcessIdentity, heartbeat = 0): Lease => ({
  ...holder,
  jobId: 'job-a',
  epoch: 1,
  owner: 'somebody',
  heartbeat,
  leaseMs: LEASE_MS,
  acquiredAt: 0,
  released: false,
});

/** The holder of a lease, and whether it is provably dead; others are judged by their heartbeat. */
const HOLDERS: readonly [string, ProcessIdentity, boolean][] = [
  ['a living process', living, false],
  ['a living process with only a pid recorded', { ...living, startedAt: null, bootId: null }, false],
  ['a living process, recorded without its machine', { ...living, machineId: null }, false],
  ['a dead pid', { ...living, pid: DEAD_PID }, true],
  ['a dead pid with nothing else recorded', { ...living, pid: DEAD_PID, startedAt: null, bootId: null }, true],
  ['a dead pid, recorded without its machine', { ...living, pid: DEAD_PID, machineId: null }, true],
  ['another process with its pid', { ...living, startedAt: '1' }, true],
  ['a process of this machine before it was rebooted', { ...living, bootId: 'another boot pid:[1]' }, true],
  ['a process of another boot, recorded without its machine', { ...living, bootId: 'x', machineId: null }, true],
  ['a process in another container', { ...living, bootId: `${boot} pid:[1]` }, false],
  ['a process in another container, dead here', { ...living, bootId: `${boot} pid:[1]`, pid: DEAD_PID }, false],
  ['a process of another machine', { ...elsewhere, bootId: 'its boot pid:[1]' }, false],
  ['a process of another machine, its pid dead here', { ...elsewhere, bootId: 'its boot', pid: DEAD_PID }, false],
  ['a process of another machine with the same boot id', elsewhere, false],
  [
    'a process of another machine with only a pid recorded',
    { ...elsewhere, bootId: null, startedAt: null, pid: DEAD_PID },
    false,
  ],
];

describe.each(HOLDERS)('the lease of %s', (_, holder, isDead) => {
  test(isDead ? 'is over at once' : 'is over after a whole lease without a heartbeat', () => {
    const clock = fakeClock();
    const observer = createLeaseObserver(clock);
    expect(provablyDead(holder)).toBe(isDead);
    expect(executorState(leaseOf(holder))).toBe(isDead ? 'lost' : 'alive');
    expect(observer.isOver(leaseOf(holder))).toBe(isDead);
    clock.advance(LEASE_MS - 1);
    expect(observer.isOver(leaseOf(holder))).toBe(isDead);
    clock.advance(1);
    expect(observer.isOver(leaseOf(holder))).toBe(true);
  });

  test.skipIf(isDead)('is not over as long as its heartbeat moves', () => {
    const clock = fakeClock();
    const observer = createLeaseObserver(clock);
    for (let beat = 0; beat < 5; beat++) {
      expect(observer.isOver(leaseOf(holder, beat))).toBe(false);
      clock.advance(LEASE_MS - 1);
    }
  });
});
