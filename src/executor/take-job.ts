import { randomUUID } from 'node:crypto';
import type { Clock } from '../domain/clock.ts';
import type { Job } from '../domain/job.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Lease, LeaseToken } from '../domain/lease.ts';
import type { Repository, Tx } from '../domain/repository.ts';
import { identify } from '../workers/process/processes.ts';
import { isStoreBusy } from './disk.ts';
import type { LeaseObserver } from './lease.ts';

const LOOK_MS = 100;

/** What a new executor takes its job with. */
export interface Taking {
  readonly repository: Repository;
  readonly clock: Clock;
  readonly observer: LeaseObserver;
  readonly leaseMs: number;
  /** Goes into the event of the start. */
  readonly cause?: JsonObject;
}

/** A job that is ours. */
export interface TakenJob {
  readonly job: Job;
  readonly lease: LeaseToken;
}

/**
 * Claims a job for this process, and records the new epoch and an executor that was lost before it. Waits as long as the
 * present holder shows no sign of life; null as soon as it does, or when the job is gone or asks for no executor any more
 * (one that came first has finished it).
 */
export async function takeJob(jobId: string, taking: Taking): Promise<TakenJob | null> {
  const { repository, clock, observer } = taking;
  const first = repository.leases.get(jobId);
  for (;;) {
    const held = repository.leases.get(jobId);
    if (!held || observer.isOver(held)) {
      const turn = repository.turn();
      if (turn) await turn;
      const taken = claim(jobId, held, taking);
      if (taken !== 'later') return taken;
    }
    const now = repository.leases.get(jobId);
    if (now?.epoch !== first?.epoch || now?.heartbeat !== first?.heartbeat) return null;
    await clock.sleep(LOOK_MS);
  }
}

/** `later`: somebody else has claimed or beaten the lease since it was found over, or has the store at this moment. */
function claim(jobId: string, held: Lease | null, taking: Taking): TakenJob | null | 'later' {
  try {
    return taking.repository.transaction((tx) => claimIn(tx, jobId, held, taking));
  } catch (error) {
    if (isStoreBusy(error)) return 'later';
    throw error;
  }
}

function claimIn(tx: Tx, jobId: string, held: Lease | null, taking: Taking): TakenJob | null | 'later' {
  const { repository, leaseMs, cause } = taking;
  const job = repository.jobs.wantingExecutor().find((wanting) => wanting.jobId === jobId);
  if (!job) return null;
  const lost = held && !held.released ? held : null;
  const lease = repository.leases.acquire(tx, { jobId, owner: randomUUID(), leaseMs, ...identify(process.pid) }, lost);
  if (!lease) return 'later';
  if (lost) {
    repository.events.add(tx, jobId, { type: 'executor:lost', data: { epoch: lost.epoch, executor_pid: lost.pid } });
    const test = job.test?.state === 'running' ? { ...job.test, executorsLost: job.test.executorsLost + 1 } : job.test;
    repository.jobs.patch(tx, jobId, { executorsLost: job.executorsLost + 1, test });
  }
  const data = { epoch: lease.epoch, executor_pid: process.pid, ...cause };
  repository.events.add(tx, jobId, { type: 'executor:started', data });
  return { job: repository.jobs.get(jobId) ?? job, lease };
}
