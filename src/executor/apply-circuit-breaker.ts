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
export async function applyCircuitBreaker(
  context: ExecutorContext,
  tx: Tx,
  { revision }: LoadedRevision,
): Promise<void> {
  const { lease } = context;
  const threshold = revision.limits.failure_threshold;
  if (threshold === 0) return;
  const tally = await tx.jobs.tally(lease.jobId);
  const latest = await latestByUnit(tx, lease.jobId, tally.breakerSince, threshold);
  const trip = tripReason({
    latest: [...latest.values()],
    tally,
    byClass: await tx.units.classCounts(lease.jobId),
    neverTried: await tx.units.untried(lease.jobId),
    threshold,
  });
  if (!trip) return;
  const [unit] = [...latest].find(([, failureClass]) => failureClass === trip.failureClass) ?? [];
  const advice = adviceAbout(trip.failureClass, revision.worker.type, unit);
  await pauseJob(context, tx, 'failures', sentences(`Paused because ${trip.reason}`, advice));
}

/**
 * Returns the latest failure class (null = success) of the last distinct units by index, newest first; endings that the
 * circuit breaker ignores are left out.
 */
async function latestByUnit(
  { attempts }: Tx,
  jobId: string,
  since: number,
  wanted: number,
): Promise<ReadonlyMap<number, FailureClass | null>> {
  const seen = new Map<number, FailureClass | null>();
  for (const ended of await attempts.recent(jobId, since, wanted * ATTEMPTS_PER_UNIT)) {
    if (ended.stage !== 'main' || ended.purpose !== 'batch' || seen.has(ended.index)) continue;
    if (ended.failureClass && failureRule(ended.failureClass).job !== 'circuit_breaker') continue;
    seen.set(ended.index, ended.failureClass);
    if (seen.size === wanted) break;
  }
  return seen;
}
