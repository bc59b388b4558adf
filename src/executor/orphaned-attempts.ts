import type { Outcome } from '../domain/attempt.ts';
import type { Claim } from '../ports/dispatcher.ts';
import type { ExecutorContext } from './context.ts';

/** An attempt left running by an earlier executor. `orphan`: its unit was taken away, so it is only stopped. */
export interface OrphanedAttempt {
  readonly claim: Claim;
  readonly orphan: boolean;
}

/** Finds the attempts that were running when the last executor ended, from the rows. */
export async function findOrphanedAttempts({
  repository,
  lease,
}: ExecutorContext): Promise<readonly OrphanedAttempt[]> {
  const found: OrphanedAttempt[] = [];
  for (const attempt of await repository.attempts.running(lease.jobId)) {
    const unit = await repository.units.get(attempt);
    if (!unit) continue;
    const orphan = unit.status !== 'running' || unit.attempt !== attempt.attempt;
    found.push({ claim: { unit, attempt }, orphan });
  }
  return found;
}

/** Returns the outcome of an attempt whose ending is unknown. */
export function interruptedOutcome(message: string, usage: Outcome['usage'] = {}): Outcome {
  return { ok: false, failureClass: 'interrupted', message, usage };
}
