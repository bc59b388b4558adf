import type { Outcome } from '../domain/attempt.ts';
import { AbpError } from '../domain/error.ts';
import { MAX_JUDGES } from '../domain/rules/retry.ts';
import type { Claim } from '../ports/dispatcher.ts';
import type { Attachment, Ending, Run, Worker } from '../ports/worker.ts';
import { isDiskFull, isStoreBusy } from '../supervision/disk.ts';
import type { ExecutorContext } from './context.ts';
import { interruptedOutcome } from './orphaned-attempts.ts';

/**
 * Queue of adopted attempts to judge, one at a time, each until its outcome is recorded: when judging one ends or
 * stalls the executor, no other is blamed.
 */
export interface JudgingQueue {
  /** Resolves when this attempt is next. */
  take(claim: Claim): Promise<void>;
  /** Removes an attempt whose outcome is recorded. */
  end(claim: Claim): void;
}

/** Creates the queue of one executor. */
export function createJudgingQueue(): JudgingQueue {
  const waiting: { readonly claim: Claim; readonly begin: () => void }[] = [];
  const next = () => waiting[0]?.begin();
  return {
    take: (claim) =>
      new Promise((begin) => {
        if (waiting.push({ claim, begin }) === 1) next();
      }),
    end(claim) {
      if (waiting[0]?.claim !== claim) return;
      waiting.shift();
      next();
    },
  };
}

/** Time between two tries to write to a busy store. */
const BUSY_MS = 200;

/** Thrown for an attempt whose output has ended too many executors. */
class GivenUp extends Error {}

/**
 * Returns the outcome of an orphaned attempt. Records the start of judging first, so that output which ends or stalls
 * one executor after another fails after MAX_JUDGES; waiting for a living attempt does not count.
 */
export async function attachToOrphan(
  context: ExecutorContext,
  turns: JudgingQueue,
  claim: Claim,
  worker: Worker,
  run: Run,
  attachment: Attachment,
): Promise<Outcome> {
  const { attempt } = claim;
  const beforeJudging = async () => {
    await turns.take(claim);
    if (attempt.judges >= MAX_JUDGES) throw new GivenUp();
    await recordJudge(context, claim);
  };
  try {
    return outcomeOf(await worker.attach(run, attempt.handle, { ...attachment, beforeJudging }), attachment.signal);
  } catch (error) {
    if (!(error instanceof GivenUp)) throw error;
    const message = `judging the output of this attempt ended or stalled ${attempt.judges} executors; its files are in ${attempt.runDirectory}`;
    return { ok: false, failureClass: 'crashed', message, usage: {} };
  }
}

/** Returns the outcome of a run of one attempt. One that was cut off is interrupted, or cancelled if that was wanted. */
export function outcomeOf(ending: Ending, { aborted, reason }: AbortSignal): Outcome {
  if (ending.is === 'ended') return only(ending.outcomes);
  const usage = only(ending.usages);
  if (!aborted || reason !== 'cancelled') {
    return interruptedOutcome('its executor or the machine died while it ran', usage);
  }
  return { ok: false, failureClass: 'cancelled', message: 'cancelled after its executor was lost', usage };
}

function only<T>(all: readonly T[]): T {
  const [first] = all;
  if (first === undefined || all.length > 1)
    throw new AbpError('internal', `A run of one attempt ended with ${all.length} outcomes.`);
  return first;
}

/**
 * Resolves when the start of judging is recorded; never without the lease: the successor judges, and this executor is
 * about to end.
 */
async function recordJudge({ repository, lease, clock }: ExecutorContext, { attempt }: Claim): Promise<void> {
  for (;;) {
    try {
      const isOurs = await repository.transaction({ job: lease.jobId }, async (tx) => {
        if (!(await tx.leases.holds(lease))) return false;
        await tx.attempts.recordJudge(attempt);
        return true;
      });
      return isOurs ? undefined : await new Promise<never>(() => undefined);
    } catch (error) {
      // The outcome could not be recorded either and waits for room: better judged than paid for again.
      if (isDiskFull(error)) return;
      if (!isStoreBusy(error)) throw error;
      await clock.sleep(BUSY_MS);
    }
  }
}
