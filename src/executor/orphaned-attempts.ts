import type { Attempt, Outcome } from '../domain/attempt.ts';
import type { Claim } from '../ports/dispatcher.ts';
import type { ExecutorContext } from './context.ts';

/** An attempt that an earlier executor left. `orphan`: its unit was taken away, so that it only has to be stopped. */
export interface OrphanedAttempt {
  readonly claim: Claim;
  readonly orphan: boolean;
}

/** Reads from the rows what ran when the last executor ended. */
export function findOrphanedAttempts({ repository, lease }: ExecutorContext): readonly OrphanedAttempt[] {
  return repository.attempts.running(lease.jobId).flatMap((attempt) => {
    const unit = repository.units.get(attempt);
    if (!unit) return [];
    const orphan = unit.status !== 'running' || unit.attempt !== attempt.attempt;
    return [{ claim: { unit, attempt }, orphan }];
  });
}

/** The identity of an attempt's process as recorded; null when it was never recorded. */
export function recordedProcess(attempt: Attempt) {
  const { machineId, bootId, pid, pidStartedAt: startedAt } = attempt;
  return pid === null ? null : { machineId, bootId, pid, startedAt };
}

/** An outcome that stands for "nobody saw how it ended". */
export function interruptedOutcome(message: string, usage: Outcome['usage'] = {}): Outcome {
  return { ok: false, failureClass: 'interrupted', message, usage };
}
