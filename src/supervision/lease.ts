import type { Lease } from '../domain/lease.ts';
import type { Clock } from '../ports/clock.ts';
import { provablyDead } from '../workers/process/processes.ts';

/** Heartbeats per lease duration. */
export const BEATS_PER_LEASE = 3;

/** Observer of leases over time; it lives as long as its process. */
export interface LeaseObserver {
  /**
   * Tells whether a lease is over: its holder is provably dead, or sent no heartbeat for a whole lease on this
   * process's monotonic clock, so that neither sleep nor a changed clock ends one.
   */
  isOver(lease: Lease): boolean;
}

/** Creates an observer. */
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

/** Returns the state of a job's executor from its lease, for status. */
export function executorState(lease: Lease | null): 'none' | 'alive' | 'lost' {
  if (!lease || lease.released) return 'none';
  return provablyDead(lease) ? 'lost' : 'alive';
}
