import { setTimeout as sleep } from 'node:timers/promises';
import type { Lease } from '../domain/lease.ts';
import type { Repository } from '../ports/repository.ts';
import { isStill } from '../workers/process/processes.ts';

/** After SIGKILL only a process in the middle of a system call lives on; nobody waits for it longer than this. */
const KILL_WAIT_MS = 2000;
const POLL_MS = 10;
/** Events about a job itself that are looked through for the start of its executor. */
const LOOKED_THROUGH = 500;

/**
 * Ends the executor that a lease was taken from because it stood still, so that two never spin side by side; true when it
 * was there. To be called once the lease is ours: nothing it could still do is wanted, and what would hear a SIGTERM is
 * what stands still. Its agents live on. Signals only what certainly is that executor: on this machine and of this boot,
 * by pid and start time, and started as one by the record; a creator (which enumerates in a server) is none.
 */
export async function fence(repository: Repository, lost: Lease): Promise<boolean> {
  if (lost.pid === process.pid || !wasExecutor(repository, lost) || !isStill(lost)) return false;
  try {
    process.kill(lost.pid, 'SIGKILL');
  } catch {
    // Gone in the meantime, or another user's: nothing to be done either way.
    return false;
  }
  const until = performance.now() + KILL_WAIT_MS;
  while (isStill(lost) && performance.now() < until) await sleep(POLL_MS);
  return true;
}

function wasExecutor({ events }: Repository, { jobId, epoch, pid }: Lease): boolean {
  return events
    .ofJob(jobId, Number.MAX_SAFE_INTEGER, LOOKED_THROUGH)
    .some(({ type, data }) => type === 'executor:started' && data.epoch === epoch && data.executor_pid === pid);
}
