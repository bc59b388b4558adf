import type { Outcome } from '../domain/attempt.ts';
import { MAX_JUDGES } from '../domain/retry.ts';
import type { Claim } from '../ports/dispatcher.ts';
import type { Assignment, RunContext, Worker } from '../ports/worker.ts';
import { isDiskFull, isStoreBusy } from '../supervision/disk.ts';
import type { ExecutorContext } from './context.ts';
import { interruptedOutcome, recordedProcess } from './orphaned-attempts.ts';

/**
 * Attempts that were taken over are judged one at a time, each until its outcome is written down: when judging one ends or
 * stalls the executor, that is held against no other.
 */
export interface JudgingQueue {
  /** Resolves when it is this attempt's turn. */
  take(claim: Claim): Promise<void>;
  /** Its outcome is written down. */
  end(claim: Claim): void;
}

/** Makes the turns of one executor. */
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

/** Between two tries to write to a store that others keep busy. */
const BUSY_MS = 200;

/** An attempt whose output has cost too many executors. */
class GivenUp extends Error {}

/**
 * The outcome of an attempt that an earlier executor left: waits for it while it lives, else judges its files, else it was
 * interrupted. That its judging begins is recorded before: what ends or stalls one executor after another is given up after
 * MAX_JUDGES, and waiting for one that lives counts as nothing. One that was cancelled and lives no more is not judged.
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

/** Resolves once it is written down. Without the lease never: the successor judges, and this executor is about to end. */
async function recordJudge({ repository, lease, clock }: ExecutorContext, { attempt }: Claim): Promise<void> {
  for (;;) {
    try {
      const isOurs = repository.transaction((tx) => {
        if (!repository.leases.holds(tx, lease)) return false;
        repository.attempts.recordJudge(tx, attempt);
        return true;
      });
      return isOurs ? undefined : await new Promise<never>(() => undefined);
    } catch (error) {
      // Its outcome could not be written down either, and waits for room: better judged than paid for again.
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
