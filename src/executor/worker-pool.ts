import pLimit from 'p-limit';
import type { Outcome } from '../domain/attempt.ts';
import type { Claim } from '../ports/dispatcher.ts';
import type { AbortReason } from '../ports/worker.ts';

/** An attempt in a slot. */
export interface Running {
  readonly claim: Claim;
  /** Monotonic ms. */
  readonly startedMs: number;
  /** Why this executor stopped it; null = not stopped. The first reason stays. */
  stopped: AbortReason | null;
  readonly stop: (reason: AbortReason) => void;
}

/** An attempt that left its slot, to be settled. */
export interface Finished {
  readonly running: Running;
  readonly outcome: Outcome;
}

/** The executor's bound on concurrent attempts. */
export interface WorkerPool {
  readonly running: ReadonlySet<Running>;
  /** Returns the number of free slots; negative while more attempts run than allowed (adopted, or the limit was lowered). */
  free(size: number): number;
  /** Starts an attempt in a slot; `onFinished` gets its outcome. `work` must not throw. */
  start(claim: Claim, startedMs: number, work: (running: Running, signal: AbortSignal) => Promise<Outcome>): Running;
}

/** Creates a pool. `onFinished` is called for each attempt on its own tick. */
export function createWorkerPool(size: number, onFinished: (finished: Finished) => void): WorkerPool {
  const limit = pLimit(size);
  const running = new Set<Running>();
  return {
    running,
    free(next) {
      // p-limit rejects 0; a paused job claims nothing anyway.
      limit.concurrency = Math.max(1, next, running.size);
      return next - running.size;
    },
    start(claim, startedMs, work) {
      const controller = new AbortController();
      const entry: Running = {
        claim,
        startedMs,
        stopped: null,
        stop(reason) {
          if (entry.stopped) return;
          entry.stopped = reason;
          controller.abort(reason);
        },
      };
      running.add(entry);
      limit.concurrency = Math.max(limit.concurrency, running.size);
      void limit(() => work(entry, controller.signal)).then((outcome) => {
        running.delete(entry);
        onFinished({ running: entry, outcome });
      });
      return entry;
    },
  };
}
