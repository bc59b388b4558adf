import { spawn } from 'node:child_process';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Lease } from '../../src/domain/lease.ts';
import { fence } from '../../src/supervision/fence.ts';
import { identify } from '../../src/workers/process/processes.ts';
import { PATIENCE } from '../helpers/patience.ts';
import { isAlive } from '../helpers/processes.ts';
import { holdLease, seedJob, temporaryStore } from '../helpers/store.ts';

/** The lease of a living process, which does nothing. */
async function held(
  change: Partial<Lease> = {},
  recorded: { readonly epoch?: number; readonly pid?: number } | null = {},
) {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  const store = temporaryStore();
  const { repository } = store;
  const { jobId } = await seedJob(store);
  const pid = child.pid ?? 0;
  const { epoch } = await holdLease(store, jobId, pid);
  const lease = await repository.leases.get(jobId);
  if (!lease) throw new Error('no lease');
  if (recorded) {
    const data = { epoch: recorded.epoch ?? epoch, executor_pid: recorded.pid ?? pid };
    await repository.transaction({ job: jobId }, async (tx) =>
      tx.events.add(jobId, { type: 'executor:started', data }),
    );
  }
  return { repository, pid, lease: { ...lease, ...identify(pid), ...change } };
}

describe('fence', () => {
  test('kills the stalled executor', async () => {
    const { repository, lease, pid } = await held();
    expect(await fence(repository, lease)).toBe(true);
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), PATIENCE);
  });

  test.each<[string, ...Parameters<typeof held>]>([
    ['a process with its pid and another start time', { startedAt: '1' }],
    ['one of another boot', { bootId: 'another boot' }],
    ['one of another machine', { machineId: 'another machine' }],
    ['one of another container', { bootId: `${identify(process.pid).bootId?.split(' ')[0]} pid:[1]` }],
    ['a record with a pid only', { startedAt: null }],
    ['a creator, which is a server', {}, null],
    ['the holder of another epoch', {}, { epoch: 77 }],
    ['a pid other than the recorded one', {}, { pid: 1 }],
  ])('does not kill %s', async (_, change, recorded) => {
    const { repository, lease, pid } = await held(change, recorded);
    expect(await fence(repository, lease)).toBe(false);
    expect(isAlive(pid)).toBe(true);
  });

  test('does not kill this process', async () => {
    const { repository, lease } = await held(identify(process.pid), { pid: process.pid });
    expect(await fence(repository, lease)).toBe(false);
  });
});
