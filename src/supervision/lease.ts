import type { Lease, ProcessIdentity } from '../domain/lease.ts';
import type { Clock } from '../ports/clock.ts';
import { isStill, isUnobservable } from '../workers/process/processes.ts';

/**
 * Whether the process that a record names is certainly gone: another boot of this machine, no such pid, or a stranger with
 * its pid. One of another machine or container never is: there only its heartbeat tells.
 */
export function provablyDead(record: ProcessIdentity): boolean {
  if (isUnobservable(record)) return false;
  if (record.startedAt !== null && record.bootId !== null) return !isStill(record);
  try {
    process.kill(record.pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** An executor gives a sign of life this often within a lease. */
export const BEATS_PER_LEASE = 3;

/** Judges leases over time: one observer lives as long as its process. */
export interface LeaseObserver {
  /**
   * Whether the lease is over: its holder is provably dead, or its heartbeat stood still for a whole lease on this
   * process's monotonic clock, so that neither sleep nor a changed clock kills anybody.
   */
  isOver(lease: Lease): boolean;
}

/** Makes an observer. */
export function createLeaseObserver(clock: Clock): LeaseObserver {
  const seen = new Map<string, { readonly epoch: number; readonly heartbeat: number; readonly since: number }>();
  return {
    isOver(lease) {
      if (lease.released || provablyDead(lease)) return true;
      const before = seen.get(lease.jobId);
      const now = clock.monotonic();
      if (before?.epoch !== lease.epoch || before.heartbeat !== lease.heartbeat) {
        seen.set(lease.jobId, { epoch: lease.epoch, heartbeat: lease.heartbeat, since: now });
        return false;
      }
      return now - before.since >= lease.leaseMs;
    },
  };
}

/** How a job's lease looks from outside, for status. */
export function executorState(lease: Lease | null): 'none' | 'alive' | 'lost' {
  if (!lease || lease.released) return 'none';
  return provablyDead(lease) ? 'lost' : 'alive';
}
