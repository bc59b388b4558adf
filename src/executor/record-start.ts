import type { Claim } from '../ports/dispatcher.ts';
import type { Tx } from '../ports/repository.ts';
import type { SpawnRecord } from '../ports/worker.ts';
import type { Origin } from './run-attempt.ts';

/** A process of an attempt that is not recorded yet. `deadlineAt`: epoch ms. */
export interface Spawned {
  readonly claim: Claim;
  readonly origin: Origin;
  readonly process: SpawnRecord;
  readonly deadlineAt: number;
}

/** Records the process of an attempt, and that it was adopted unless it is new. One open transaction. */
export async function recordSpawn(tx: Tx, { claim, origin, process, deadlineAt }: Spawned): Promise<void> {
  await tx.attempts.recordSpawn(claim.attempt, process, deadlineAt);
  if (origin !== 'new') await recordStart(tx, 'attempt:adopted', claim);
}

/** Adds the event of an attempt that begins here. One open transaction. */
export async function recordStart(
  tx: Tx,
  type: 'attempt:started' | 'attempt:adopted',
  { attempt: { jobId, stage, index, attempt } }: Claim,
): Promise<void> {
  await tx.events.add(jobId, { type, stage, index, attempt });
}
