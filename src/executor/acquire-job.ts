import { randomUUID } from 'node:crypto';
import type { Job } from '../domain/job.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Lease, LeaseToken } from '../domain/lease.ts';
import type { Clock } from '../ports/clock.ts';
import type { Repository, Tx } from '../ports/repository.ts';
import { LATE_MS } from '../supervision/await-heartbeats.ts';
import { isStoreBusy } from '../supervision/disk.ts';
import { fence } from '../supervision/fence.ts';
import { BEATS_PER_LEASE, type LeaseObserver } from '../supervision/lease.ts';
import { identify } from '../workers/process/processes.ts';

const LOOK_MS = 100;

/** What a new executor takes its job with. */
export interface AcquireOptions {
  readonly repository: Repository;
  readonly clock: Clock;
  readonly observer: LeaseObserver;
  readonly leaseMs: number;
  /** Goes into the event of the start. */
  readonly cause?: JsonObject;
  /** A heartbeat that somebody has seen standing still for a whole lease: that lease is over while it has not moved since. */
  readonly standing?: Heartbeat;
}

/** One sign of life of one executor. */
export type Heartbeat = Pick<Lease, 'epoch' | 'heartbeat'>;

/** A job that is ours. */
export interface AcquiredJob {
  readonly job: Job;
  readonly lease: LeaseToken;
  /** Pid of the executor that stood still, and was ended for it. */
  readonly fenced: number | null;
}

/**
 * Claims a job for this process, and records the new epoch and an executor that was lost before it; one that lives on but
 * stands still is ended first. Waits as long as the present holder shows no sign of life; null as soon as it does, or when
 * the job is gone or asks for no executor any more (one that came first has finished it).
 */
export async function acquireJob(jobId: string, options: AcquireOptions): Promise<AcquiredJob | null> {
  const { repository, clock } = options;
  const first = repository.leases.get(jobId);
  const begun = clock.monotonic();
  for (;;) {
    const held = repository.leases.get(jobId);
    if (!held || isOver(held, options, begun)) {
      const turn = repository.turn();
      if (turn) await turn;
      const taken = claim(jobId, held, options);
      if (taken === null) return null;
      if (taken !== 'later') {
        const isFenced = held !== null && !held.released && (await fence(repository, held));
        return { ...taken, fenced: isFenced ? held.pid : null };
      }
    }
    const now = repository.leases.get(jobId);
    if (!isSame(now, first)) return null;
    await clock.sleep(LOOK_MS);
  }
}

/** `begun`: since when (monotonic ms) the lease has been seen not to move. */
function isOver(held: Lease, { repository, clock, observer, standing }: AcquireOptions, begun: number): boolean {
  if (observer.isOver(held) || (standing && isSame(held, standing))) return true;
  // An executor notices at once that its job is cancelled, and says so; whatever it still does is wanted by nobody.
  return (
    cancelledJob(repository, held.jobId) !== null &&
    clock.monotonic() - begun >= held.leaseMs / BEATS_PER_LEASE + LATE_MS
  );
}

function cancelledJob({ jobs }: Repository, jobId: string): Job | null {
  const job = jobs.get(jobId);
  return job?.status === 'cancelled' ? job : null;
}

function isSame(one: Heartbeat | null, other: Heartbeat | null): boolean {
  return one?.epoch === other?.epoch && one?.heartbeat === other?.heartbeat;
}

type Claimed = Omit<AcquiredJob, 'fenced'> | null | 'later';

/** `later`: somebody else has claimed or beaten the lease since it was found over, or has the store at this moment. */
function claim(jobId: string, held: Lease | null, options: AcquireOptions): Claimed {
  try {
    return options.repository.transaction((tx) => claimIn(tx, jobId, held, options));
  } catch (error) {
    if (isStoreBusy(error)) return 'later';
    throw error;
  }
}

function claimIn(tx: Tx, jobId: string, held: Lease | null, options: AcquireOptions): Claimed {
  const { repository, leaseMs, cause } = options;
  const lost = held && !held.released ? held : null;
  const wanting = repository.jobs.wantingExecutor().find((job) => job.jobId === jobId);
  // A cancelled job asks for nobody, but one that stands still over it is to be ended.
  const job = wanting ?? (lost ? cancelledJob(repository, jobId) : null);
  if (!job) return null;
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
