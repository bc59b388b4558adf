import type { Handle } from '../domain/attempt.ts';
import type { Claim } from '../ports/dispatcher.ts';
import type { Tx } from '../ports/repository.ts';
import { machineId } from '../workers/process/machine.ts';
import type { Origin } from './run-attempt.ts';

/** A run of an attempt that is not recorded yet. `deadlineAt`: epoch ms. */
export interface StartedRun {
  readonly claim: Claim;
  readonly origin: Origin;
  readonly handle: Handle;
  readonly deadlineAt: number;
}

/** Records the run of an attempt, and that it was adopted unless it is new. One open transaction. */
export async function recordRun(tx: Tx, { claim, origin, handle, deadlineAt }: StartedRun): Promise<void> {
  await tx.attempts.recordRun(claim.attempt, { machineId: machineId(), handle, deadlineAt });
  if (origin !== 'new') await recordStart(tx, 'attempt:adopted', claim);
}

/** Adds the event of an attempt that begins here. One open transaction. */
export async function recordStart(
  tx: Tx,
  type: 'attempt:started' | 'attempt:adopted',
  { attempt: { jobId, scope, index, attempt } }: Claim,
): Promise<void> {
  await tx.events.add(jobId, { type, scope, index, attempt });
}
