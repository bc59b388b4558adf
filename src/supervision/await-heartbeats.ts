import type { Lease } from '../domain/lease.ts';
import type { Clock } from '../ports/clock.ts';
import type { Repository } from '../ports/repository.ts';
import { BEATS_PER_LEASE, type LeaseObserver } from './lease.ts';

const POLL_MS = 50;
/** Longest delay of a heartbeat on a busy machine, ms. */
export const MAX_HEARTBEAT_DELAY_MS = 1000;

/** An executor whose process exists but sends no heartbeat: stopped, or spinning. */
export interface SilentExecutor {
  readonly jobId: string;
  readonly pid: number;
  /** Time without a heartbeat so far, ms. */
  readonly silentMs: number;
  /** Time without a heartbeat after which it counts as lost, ms. */
  readonly leaseMs: number;
}

/**
 * Waits until the holder of each lease has sent a heartbeat, or the observer finds the lease over; at most `maxWaitMs`.
 * An existing process proves nothing: it may be frozen. Resolves to the executors still silent; calls `onSilent` once
 * for each whose heartbeat is overdue.
 */
export async function awaitHeartbeats(
  jobIds: readonly string[],
  deps: { readonly repository: Repository; readonly clock: Clock; readonly observer: LeaseObserver },
  {
    maxWaitMs,
    onSilent,
  }: { readonly maxWaitMs: number; readonly onSilent?: ((silent: SilentExecutor) => void) | undefined },
): Promise<readonly SilentExecutor[]> {
  const { repository, clock, observer } = deps;
  const begun = clock.monotonic();
  const leases = () => Promise.all(jobIds.map((jobId) => repository.leases.get(jobId)));
  const first = await leases();
  const reported = new Set<string>();
  const silent = async (): Promise<readonly SilentExecutor[]> =>
    (await leases()).flatMap((lease, n) => {
      if (!lease || observer.isOver(lease) || hasMoved(lease, first[n] ?? null)) return [];
      const { jobId, pid, leaseMs } = lease;
      return [{ jobId, pid, silentMs: clock.monotonic() - begun, leaseMs }];
    });
  for (;;) {
    const doubtful = await silent();
    for (const each of doubtful) {
      if (reported.has(each.jobId) || each.silentMs < each.leaseMs / BEATS_PER_LEASE + MAX_HEARTBEAT_DELAY_MS) continue;
      reported.add(each.jobId);
      onSilent?.(each);
    }
    if (doubtful.length === 0 || clock.monotonic() - begun >= maxWaitMs) return doubtful;
    await clock.sleep(POLL_MS);
  }
}

function hasMoved(now: Lease, before: Lease | null): boolean {
  return now.epoch !== before?.epoch || now.heartbeat !== before.heartbeat;
}

/** Describes a silent executor and what happens next, for a person. */
export function silentText({ pid, silentMs, leaseMs }: SilentExecutor): string {
  const seconds = (ms: number) => `${Math.round(ms / 1000)} s`;
  const left = leaseMs - silentMs;
  return `Its executor (pid ${pid}) exists but has sent no heartbeat for ${seconds(silentMs)}: it may be frozen. ${
    left > 0
      ? `After another ${seconds(left)} without one it counts as lost and is replaced.`
      : 'It counts as lost now and is replaced.'
  }`;
}
