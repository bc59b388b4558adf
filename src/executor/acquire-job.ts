import { randomUUID } from 'node:crypto';
import type { Job } from '../domain/job.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Lease, LeaseToken } from '../domain/lease.ts';
import { withExecutorLost } from '../domain/rules/admission.ts';
import type { Clock } from '../ports/clock.ts';
import type { Repository, Tx } from '../ports/repository.ts';
import { MAX_HEARTBEAT_DELAY_MS } from '../supervision/await-heartbeats.ts';
import { isStoreBusy } from '../supervision/disk.ts';
import { fence } from '../supervision/fence.ts';
import { BEATS_PER_LEASE, type LeaseObserver } from '../supervision/lease.ts';
import { identify } from '../workers/process/processes.ts';

const POLL_MS = 100;

/** Options for acquiring a job. */
export interface AcquireOptions {
  readonly repository: Repository;
  readonly clock: Clock;
  readonly observer: LeaseObserver;
  readonly leaseMs: number;
  /** Added to the event of the start. */
  readonly cause?: JsonObject;
  /** Heartbeat that the launcher saw unchanged for a whole lease: the lease is over unless it has moved since. */
  readonly stalled?: Heartbeat;
}

/** One heartbeat of one executor. */
export type Heartbeat = Pick<Lease, 'epoch' | 'heartbeat'>;

/** A job whose lease this process holds. */
export interface AcquiredJob {
  readonly job: Job;
  readonly lease: LeaseToken;
  /** Pid of the stalled executor that was killed; null = none. */
  readonly fenced: number | null;
}

/**
 * Claims a job for this process; records the new epoch and a lost predecessor, and kills one that is stalled. Waits
 * while the present holder sends no heartbeat. Null = it sent one, the job is gone, or the job no longer needs an
 * executor.
 */
export async function acquireJob(jobId: string, options: AcquireOptions): Promise<AcquiredJob | null> {
  const { repository, clock } = options;
  const first = await repository.leases.get(jobId);
  const begun = clock.monotonic();
  for (;;) {
    const held = await repository.leases.get(jobId);
    if (!held || (await isOver(held, options, begun))) {
      const taken = await claim(jobId, held, options);
      if (taken === null) return null;
      if (taken !== 'retry') {
        const isFenced = held !== null && !held.released && (await fence(repository, held));
        return { ...taken, fenced: isFenced ? held.pid : null };
      }
    }
    const now = await repository.leases.get(jobId);
    if (!isSame(now, first)) return null;
    await clock.sleep(POLL_MS);
  }
}

/** `begun`: monotonic ms since which the lease has not moved. */
async function isOver(
  held: Lease,
  { repository, clock, observer, stalled }: AcquireOptions,
  begun: number,
): Promise<boolean> {
  if (observer.isOver(held) || (stalled && isSame(held, stalled))) return true;
  // An executor reacts at once to a cancellation; nothing it still does is wanted.
  return (
    (await cancelledJob(repository, held.jobId)) !== null &&
    clock.monotonic() - begun >= held.leaseMs / BEATS_PER_LEASE + MAX_HEARTBEAT_DELAY_MS
  );
}

async function cancelledJob({ jobs }: Pick<Repository, 'jobs'>, jobId: string): Promise<Job | null> {
  const job = await jobs.get(jobId);
  return job?.status === 'cancelled' ? job : null;
}

function isSame(one: Heartbeat | null, other: Heartbeat | null): boolean {
  return one?.epoch === other?.epoch && one?.heartbeat === other?.heartbeat;
}

type Claimed = Omit<AcquiredJob, 'fenced'> | null | 'retry';

/** `retry`: another process has claimed or renewed the lease meanwhile, or holds the store's lock. */
async function claim(jobId: string, held: Lease | null, options: AcquireOptions): Promise<Claimed> {
  try {
    return await options.repository.transaction({ job: jobId }, async (tx) => claimIn(tx, jobId, held, options));
  } catch (error) {
    if (isStoreBusy(error)) return 'retry';
    throw error;
  }
}

async function claimIn(tx: Tx, jobId: string, held: Lease | null, options: AcquireOptions): Promise<Claimed> {
  const { leaseMs, cause } = options;
  const lost = held && !held.released ? held : null;
  const wanting = (await tx.jobs.wantingExecutor()).find((job) => job.jobId === jobId);
  // A cancelled job needs no executor, but one that is stalled is killed.
  const job = wanting ?? (lost ? await cancelledJob(tx, jobId) : null);
  if (!job) return null;
  const lease = await tx.leases.acquire({ jobId, owner: randomUUID(), leaseMs, ...identify(process.pid) }, lost);
  if (!lease) return 'retry';
  if (lost) {
    await tx.events.add(jobId, { type: 'executor:lost', data: { epoch: lost.epoch, executor_pid: lost.pid } });
    await tx.jobs.patch(jobId, withExecutorLost(job));
  }
  const data = { epoch: lease.epoch, executor_pid: process.pid, ...cause };
  await tx.events.add(jobId, { type: 'executor:started', data });
  return { job: (await tx.jobs.get(jobId)) ?? job, lease };
}
