import { setTimeout as sleep } from 'node:timers/promises';
import type { Lease } from '../domain/lease.ts';
import type { Repository } from '../ports/repository.ts';
import { isStill } from '../workers/process/processes.ts';

/** Longest wait after SIGKILL, which only a process inside a system call survives for a while. */
const KILL_WAIT_MS = 2000;
const POLL_MS = 10;
/** Newest events of a job that are searched for the start of its executor. */
const MAX_EVENTS = 500;

/**
 * Kills the executor whose lease was taken over, so that two never spin side by side; true = it existed. Call it once
 * the lease is ours: nothing it could still do is wanted, and a stalled executor does not handle SIGTERM. Its agents
 * survive. Kills only a process that certainly is that executor: on this machine and of this boot, by pid and start
 * time, recorded as an executor; a creator (which enumerates in a server) is not one.
 */
export async function fence(repository: Repository, lost: Lease): Promise<boolean> {
  if (lost.pid === process.pid || !(await wasExecutor(repository, lost)) || !isStill(lost)) return false;
  try {
    process.kill(lost.pid, 'SIGKILL');
  } catch {
    // Gone in the meantime, or owned by another user: nothing to do in either case.
    return false;
  }
  const until = performance.now() + KILL_WAIT_MS;
  while (isStill(lost) && performance.now() < until) await sleep(POLL_MS);
  return true;
}

async function wasExecutor({ events }: Repository, { jobId, epoch, pid }: Lease): Promise<boolean> {
  return (await events.ofJob(jobId, Number.MAX_SAFE_INTEGER, MAX_EVENTS)).some(
    ({ type, data }) => type === 'executor:started' && data.epoch === epoch && data.executor_pid === pid,
  );
}
