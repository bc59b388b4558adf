import type { LeaseState } from '../domain/answers.ts';
import { BEATS_PER_LEASE } from '../supervision/lease.ts';
import type { ExecutorContext } from './context.ts';

/** Heartbeat of an executor within its lease. */
export interface Heartbeat {
  /** Beats when it is time. `write` beats in a transaction. */
  beat(write: () => Promise<LeaseState>): Promise<LeaseState>;
  /** Makes it time: a beat at once shows a person who paused or cancelled the job that this executor has reacted. */
  hurry(): void;
}

/** Creates the heartbeat of one executor. */
export function createHeartbeat({ clock, leaseMs, log }: ExecutorContext): Heartbeat {
  let lastMs = Number.NEGATIVE_INFINITY;
  return {
    async beat(write) {
      const now = clock.monotonic();
      if (now - lastMs < leaseMs / BEATS_PER_LEASE) return 'held';
      if ((await write()) === 'lost') return 'lost';
      lastMs = now;
      log.rotate();
      return 'held';
    },
    hurry() {
      lastMs = Number.NEGATIVE_INFINITY;
    },
  };
}
