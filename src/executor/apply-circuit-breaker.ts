import { tripReason } from '../domain/circuit-breaker.ts';
import { adviceAbout, type FailureClass, failureRule } from '../domain/failure.ts';
import { sentences } from '../domain/sentences.ts';
import type { Tx } from '../ports/repository.ts';
import type { ExecutorContext, LoadedRevision } from './context.ts';
import { pauseJob } from './pause.ts';

/** Attempts read per unit of the threshold: retries of the same unit, and endings that do not count. */
const ATTEMPTS_PER_UNIT = 8;

/**
 * Applies the circuit breaker after a failed attempt of the main stage: pauses the job when it trips. One open
 * transaction.
 */
export function applyCircuitBreaker(context: ExecutorContext, tx: Tx, { revision }: LoadedRevision): void {
  const { repository, lease } = context;
  const threshold = revision.limits.failure_threshold;
  if (threshold === 0) return;
  const tally = repository.jobs.tally(lease.jobId);
  const latest = latestByUnit(context, tally.breakerSince, threshold);
  const trip = tripReason({
    latest: [...latest.values()],
    tally,
    byClass: repository.units.classCounts(lease.jobId),
    neverTried: repository.units.untried(lease.jobId),
    threshold,
  });
  if (!trip) return;
  const [unit] = [...latest].find(([, failureClass]) => failureClass === trip.failureClass) ?? [];
  const advice = adviceAbout(trip.failureClass, revision.worker.type, unit);
  pauseJob(context, tx, 'failures', sentences(`Paused because ${trip.reason}`, advice));
}

/**
 * Returns the latest failure class (null = success) of the last distinct units by index, newest first; endings that the
 * circuit breaker ignores are left out.
 */
function latestByUnit(
  context: ExecutorContext,
  since: number,
  wanted: number,
): ReadonlyMap<number, FailureClass | null> {
  const seen = new Map<number, FailureClass | null>();
  const { attempts } = context.repository;
  for (const ended of attempts.recent(context.lease.jobId, since, wanted * ATTEMPTS_PER_UNIT)) {
    if (ended.stage !== 'main' || ended.purpose !== 'batch' || seen.has(ended.index)) continue;
    if (ended.failureClass && failureRule(ended.failureClass).job !== 'circuit_breaker') continue;
    seen.set(ended.index, ended.failureClass);
    if (seen.size === wanted) break;
  }
  return seen;
}
