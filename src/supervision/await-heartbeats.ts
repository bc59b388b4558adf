import type { Lease } from '../domain/lease.ts';
import type { Clock } from '../ports/clock.ts';
import type { Repository } from '../ports/repository.ts';
import { BEATS_PER_LEASE, type LeaseObserver } from './lease.ts';

const LOOK_MS = 50;
/** How much later than it should a heartbeat may come on a busy machine. */
export const LATE_MS = 1000;

/** An executor whose process is there and whose heartbeat stands still: stopped, or spinning. */
export interface SilentExecutor {
  readonly jobId: string;
  readonly pid: number;
  /** So long nothing was seen of it by now, ms. */
  readonly silentMs: number;
  /** After so long it counts as lost, ms. */
  readonly leaseMs: number;
}

/**
 * Waits until the holder of each lease has shown a sign of life, or the observer finds its lease over; `maxWaitMs` at most.
 * That a process is there says nothing about a frozen one. Resolves to those that are in doubt still; `onSilent` hears of
 * each once, when its heartbeat is overdue.
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
  const first = new Map(jobIds.map((jobId) => [jobId, repository.leases.get(jobId)]));
  const told = new Set<string>();
  const silent = (): readonly SilentExecutor[] =>
    jobIds.flatMap((jobId) => {
      const lease = repository.leases.get(jobId);
      if (!lease || observer.isOver(lease) || hasMoved(lease, first.get(jobId) ?? null)) return [];
      return [{ jobId, pid: lease.pid, silentMs: clock.monotonic() - begun, leaseMs: lease.leaseMs }];
    });
  for (;;) {
    const doubtful = silent();
    for (const each of doubtful) {
      if (told.has(each.jobId) || each.silentMs < each.leaseMs / BEATS_PER_LEASE + LATE_MS) continue;
      told.add(each.jobId);
      onSilent?.(each);
    }
    if (doubtful.length === 0 || clock.monotonic() - begun >= maxWaitMs) return doubtful;
    await clock.sleep(LOOK_MS);
  }
}

function hasMoved(now: Lease, before: Lease | null): boolean {
  return now.epoch !== before?.epoch || now.heartbeat !== before.heartbeat;
}

/** What is known of a silent executor, and what happens next, in a sentence or two. */
export function silentText({ pid, silentMs, leaseMs }: SilentExecutor): string {
  const seconds = (ms: number) => `${Math.round(ms / 1000)} s`;
  const left = leaseMs - silentMs;
  return `Its executor (pid ${pid}) is there, but has shown no sign of life for ${seconds(silentMs)}: it may be frozen. ${
    left > 0
      ? `If that lasts another ${seconds(left)} it counts as lost, and a new one takes its place.`
      : 'It counts as lost now: a new one takes its place.'
  }`;
}
