import type { Handle } from '../domain/attempt.ts';
import type { Job } from '../domain/job.ts';
import type { Claim } from '../ports/dispatcher.ts';
import type { AbortReason } from '../ports/worker.ts';
import { usageOf } from '../supervision/disk.ts';
import type { AttemptLog } from './attempt-log.ts';
import type { ExecutorContext } from './context.ts';
import type { FullDisk } from './full-disk.ts';
import { findOrphanedAttempts, interruptedOutcome } from './orphaned-attempts.ts';
import type { StartedRun } from './record-start.ts';
import { type Origin, runAttempt } from './run-attempt.ts';
import { createJudgingQueue } from './settle-orphan.ts';
import type { ExecutorState } from './state.ts';
import { createWorkerPool, type Finished, type Running } from './worker-pool.ts';

/** Shortest time between two looks for units that were taken away, ms. */
const LOOK_MS = 200;

/** What has happened since the last round. */
export interface News {
  readonly started: readonly StartedRun[];
  readonly finished: readonly Finished[];
  /** Adopted attempts that have not ended yet. */
  readonly orphaned: number;
}

/** The attempts of an executor: in their slots, and ended ones until their end is committed. */
export interface Attempts {
  readonly running: ReadonlySet<Running>;
  /** Number of attempts that have ended and are not committed. */
  readonly ended: number;
  /** Adopts, once, the attempts of earlier executors, alive or not. */
  adoptOrphans(): Promise<void>;
  start(job: Job, claim: Claim): void;
  /** Returns what is to be written now. What arrives while it is committed belongs to the next round. */
  news(): News;
  /** Forgets news that are committed, and logs them. */
  committed(news: News): void;
  stopAll(reason: AbortReason): void;
  /** Stops the attempts of units that were taken away. */
  stopTaken(): Promise<void>;
}

/** Creates the attempts of one executor; `wake` is called when one has ended. */
export function createAttempts(
  context: ExecutorContext,
  state: ExecutorState,
  firstJob: Job,
  parts: { readonly fullDisk: FullDisk; readonly attemptLog: AttemptLog; readonly wake: () => void },
): Attempts {
  const { fullDisk, attemptLog, wake } = parts;
  const { clock, log, repository } = context;
  // The round that commits both queues empties them, never earlier: they only grow at their end.
  const finished: Finished[] = [];
  const started: StartedRun[] = [];
  const orphaned = new Set<Claim>();
  const judging = createJudgingQueue();
  let hasAdopted = false;
  let lastLookMs = Number.NEGATIVE_INFINITY;
  const pool = createWorkerPool(firstJob.maxWorkers, (entry) => {
    finished.push(entry);
    orphaned.delete(entry.running.claim);
    wake();
  });
  const start = (job: Job, claim: Claim, origin: Origin): Running => {
    const under = state.order;
    return pool.start(claim, clock.monotonic(), async (running, signal) => {
      const onStarted = (handle: Handle, deadlineAt: number) => {
        started.push({ claim, origin, handle, deadlineAt });
      };
      try {
        const outcome = await runAttempt(context, job, claim, origin, signal, onStarted);
        fullDisk.rejectDoubtful(claim, running.startedMs, outcome);
        return outcome;
      } catch (error) {
        // Only a full disk gets here: the unit is put back, and nothing counts against it.
        fullDisk.found(under);
        running.stop('interrupted');
        return interruptedOutcome(`the disk is full: ${(error as Error).message}`, usageOf(error));
      }
    });
  };
  return {
    running: pool.running,
    get ended() {
      return finished.length;
    },
    async adoptOrphans() {
      if (hasAdopted) return;
      const found = await findOrphanedAttempts(context);
      hasAdopted = true;
      for (const { claim, orphan } of found) {
        orphaned.add(claim);
        const running = start(firstJob, claim, judging);
        if (orphan) running.stop('cancelled');
      }
      if (found.length > 0) log.logger.info({ attempts: found.length }, 'adopted orphaned attempts');
    },
    start(job, claim) {
      start(job, claim, 'new');
    },
    news: () => ({ started: [...started], finished: [...finished], orphaned: orphaned.size }),
    committed(news) {
      for (const { claim, handle } of started.splice(0, news.started.length)) attemptLog.started(claim, handle);
      for (const entry of finished.splice(0, news.finished.length)) {
        attemptLog.ended(entry);
        judging.end(entry.running.claim);
        context.compressor?.add(entry.running.claim.attempt.runDirectory);
      }
    },
    stopAll(reason) {
      for (const running of pool.running) running.stop(reason);
    },
    async stopTaken() {
      const now = clock.monotonic();
      if (now - lastLookMs < LOOK_MS) return;
      lastLookMs = now;
      const taken = new Set(await repository.dispatcher.lost([...pool.running].map(({ claim }) => claim)));
      for (const running of pool.running) if (taken.has(running.claim)) running.stop('cancelled');
    },
  };
}
