import type { Outcome } from '../domain/attempt.ts';
import type { Claim } from '../ports/dispatcher.ts';
import type { Tx } from '../ports/repository.ts';
import { isDiskFull, isStoreBusy } from '../supervision/disk.ts';
import { withReserve } from '../supervision/reclaim.ts';
import { isDoubtful, NoRoomError } from '../workers/process/room.ts';
import type { ExecutorContext } from './context.ts';
import { endTest } from './finish.ts';
import { pauseJob } from './pause.ts';

const MESSAGE = 'The disk is full.';

/** State of a full disk until it can be recorded. */
export interface FullDisk {
  /** Records a full disk found by work that began under this order (`EventStore.lastOrder`). */
  found(order: number): void;
  /**
   * Throws NoRoomError for the doubtful outcome of an attempt that ran (from `startedMs`, monotonic) while the disk was
   * found full: room now, from the reserve, does not prove that there was room then.
   */
  rejectDoubtful(claim: Claim, startedMs: number, outcome: Outcome): void;
  /**
   * Runs one transaction, if needed with the reserve: stopping the job or a heartbeat is worth it. Throws when that
   * fails too.
   */
  write<T>(order: number, work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Stops the job in a transaction of its own, for which there may be room when results find none. */
  stopAlone(order: number): Promise<void>;
  /**
   * Stops the job: pauses it, or fails its test. Not when it was started or resumed since, nor when the round comes
   * late and there is room again: a person who made room and resumed the job has the last word. One open transaction.
   */
  stop(tx: Tx, order: number): Promise<void>;
  /** How often it was found; for `clear`. */
  readonly finds: number;
  /** Clears the state after a round was written, unless it was found again since there were so many `finds`. */
  clear(finds: number): void;
}

/** Creates the state of one executor. */
export function createFullDisk(context: ExecutorContext): FullDisk {
  const { repository, lease, clock } = context;
  let foundUnder: number | null = null;
  let foundMs = Number.NEGATIVE_INFINITY;
  let late = false;
  let finds = 0;
  const found = (order: number) => {
    finds += 1;
    foundUnder = order;
    foundMs = clock.monotonic();
  };
  const stop = async (tx: Tx, order: number) => {
    if (foundUnder !== order || (late && !repository.maintenance.hasNoRoom())) return;
    const job = await tx.jobs.get(lease.jobId);
    if (job?.status !== 'testing') await pauseJob(context, tx, { reason: 'disk', message: MESSAGE });
    else if (job.test?.state === 'running') {
      await endTest(context, tx, job, { state: 'failed', verdict: MESSAGE, stoppedBy: 'disk' });
    }
  };
  return {
    found,
    rejectDoubtful({ attempt: { runDirectory } }, startedMs, outcome) {
      if (foundMs >= startedMs && isDoubtful(outcome, runDirectory)) throw new NoRoomError(runDirectory, outcome);
    },
    write(order, work) {
      return withReserve(repository, async () => {
        try {
          return await repository.transaction({ job: lease.jobId }, work);
        } catch (error) {
          if (isDiskFull(error)) {
            found(order);
            late = true;
          }
          throw error;
        }
      });
    },
    async stopAlone(order) {
      try {
        await repository.transaction({ job: lease.jobId }, (tx) => stop(tx, order));
      } catch (error) {
        // A later round tries again.
        if (!isDiskFull(error) && !isStoreBusy(error)) throw error;
      }
    },
    stop,
    get finds() {
      return finds;
    },
    clear(before) {
      if (finds !== before) return;
      foundUnder = null;
      late = false;
    },
  };
}
