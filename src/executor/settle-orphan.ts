import type { Outcome } from '../domain/attempt.ts';
import { MAX_JUDGES } from '../domain/rules/retry.ts';
import type { Claim } from '../ports/dispatcher.ts';
import type { Assignment, RunContext, Worker } from '../ports/worker.ts';
import { isDiskFull, isStoreBusy } from '../supervision/disk.ts';
import type { ExecutorContext } from './context.ts';
import { interruptedOutcome, recordedProcess } from './orphaned-attempts.ts';

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
 * Returns the outcome of an orphaned attempt: waits for it while it is alive, else judges its files, else it was
 * interrupted. Records the start of judging first, so that output which ends or stalls one executor after another fails
 * after MAX_JUDGES; waiting for a living attempt does not count. An attempt that was cancelled and is no longer alive
 * is not judged.
 */
export async function settleOrphan(
  context: ExecutorContext,
  turns: JudgingQueue,
  claim: Claim,
  worker: Worker,
  assignment: Assignment,
  running: RunContext,
): Promise<Outcome> {
  const { attempt } = claim;
  const beforeJudging = async () => {
    await turns.take(claim);
    if (attempt.judges >= MAX_JUDGES) throw new GivenUp();
    await recordJudge(context, claim);
  };
  try {
    const adopted = await worker.adopt(assignment, recordedProcess(attempt), { ...running, beforeJudging });
    if (adopted) return adopted;
    if (running.signal.aborted && running.signal.reason === 'cancelled') return await cancelled(worker, attempt);
    await beforeJudging();
    const judged = await worker.judge(attempt.runDirectory, assignment);
    if (judged) return judged;
    const usage = await worker.usageSoFar(attempt.runDirectory);
    return interruptedOutcome('its executor or the machine died while it ran', usage);
  } catch (error) {
    if (!(error instanceof GivenUp)) throw error;
    const message = `judging the output of this attempt ended or stalled ${attempt.judges} executors; its files are in ${attempt.runDirectory}`;
    return { ok: false, failureClass: 'crashed', message, usage: {} };
  }
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

async function cancelled(worker: Worker, { runDirectory }: Claim['attempt']): Promise<Outcome> {
  const message = 'cancelled after its executor was lost';
  return { ok: false, failureClass: 'cancelled', message, usage: await worker.usageSoFar(runDirectory) };
}
