import type { Outcome } from '../domain/attempt.ts';
import type { Claim } from '../ports/dispatcher.ts';
import type { Tx } from '../ports/repository.ts';
import { isDiskFull, isStoreBusy } from '../supervision/disk.ts';
import { withReserve } from '../supervision/reclaim.ts';
import { isDoubtful, NoRoomError } from '../workers/process/room.ts';
import type { ExecutorContext } from './context.ts';
import { failTest } from './finish.ts';
import { pauseJob } from './pause.ts';

const MESSAGE = 'The disk is full. Make room, then';

/** What an executor remembers of a full disk until that can be written down. */
export interface FullDisk {
  /** It was found by something that began under this order to work (`EventStore.lastOrder`). */
  found(order: number): void;
  /**
   * Throws NoRoomError for the doubtful outcome of an attempt that ran (from `startedMs`, monotonic) while the disk was
   * found full: that there is room now, from the reserve, is no proof that there was.
   */
  requireNone(claim: Claim, startedMs: number, outcome: Outcome): void;
  /**
   * One transaction, at the cost of the reserve: that a job stops, or is known to live, is worth it. Throws what stays in
   * its way.
   */
  write<T>(order: number, work: (tx: Tx) => T): T;
  /** The stop by itself, for which there may be room where results find none. */
  stopAlone(order: number): void;
  /**
   * Stops the job for it. Not if somebody has put the job to work again since, nor if the round comes late and there is
   * room again: a person who made room and resumed has the last word. One open transaction.
   */
  stop(tx: Tx, order: number): void;
  /** A round was written. */
  written(): void;
}

/** Makes the memory of one executor. */
export function createFullDisk(context: ExecutorContext): FullDisk {
  const { repository, lease, clock } = context;
  let foundUnder: number | null = null;
  let foundMs = Number.NEGATIVE_INFINITY;
  let late = false;
  const found = (order: number) => {
    foundUnder = order;
    foundMs = clock.monotonic();
  };
  const stop = (tx: Tx, order: number) => {
    if (foundUnder !== order || (late && !repository.maintenance.isDiskFull())) return;
    const job = repository.jobs.get(lease.jobId);
    if (job?.status !== 'testing') pauseJob(context, tx, 'disk', `${MESSAGE} resume_job.`);
    else if (job.test?.state === 'running') failTest(context, tx, job, job.test, `${MESSAGE} test again.`);
  };
  return {
    found,
    requireNone({ attempt: { runDirectory } }, startedMs, outcome) {
      if (foundMs >= startedMs && isDoubtful(outcome, runDirectory)) throw new NoRoomError(runDirectory, outcome);
    },
    write(order, work) {
      return withReserve(repository, () => {
        try {
          return repository.transaction(work);
        } catch (error) {
          if (isDiskFull(error)) {
            found(order);
            late = true;
          }
          throw error;
        }
      });
    },
    stopAlone(order) {
      try {
        repository.transaction((tx) => stop(tx, order));
      } catch (error) {
        // A later round tries again.
        if (!isDiskFull(error) && !isStoreBusy(error)) throw error;
      }
    },
    stop,
    written() {
      foundUnder = null;
      late = false;
    },
  };
}
