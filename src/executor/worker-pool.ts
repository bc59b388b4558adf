import pLimit from 'p-limit';
import type { Outcome } from '../domain/attempt.ts';
import type { Claim } from '../ports/dispatcher.ts';
import type { AbortReason } from '../ports/worker.ts';

/** An attempt in a slot. */
export interface Running {
  readonly claim: Claim;
  /** Monotonic ms. */
  readonly startedMs: number;
  /** Why we stopped it; null while we have not. First cause wins. */
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
  /** Slots that are not taken; negative while more run than the bound allows (adopted, or the bound shrank). */
  free(size: number): number;
  /** Puts an attempt into a slot; `onFinished` gets its outcome. `work` must not throw. */
  start(claim: Claim, startedMs: number, work: (running: Running, signal: AbortSignal) => Promise<Outcome>): Running;
}

/** Makes a pool. What finishes is handed to `onFinished` on its own tick. */
export function createWorkerPool(size: number, onFinished: (finished: Finished) => void): WorkerPool {
  const limit = pLimit(size);
  const running = new Set<Running>();
  return {
    running,
    free(next) {
      // p-limit refuses 0: a paused job simply claims nothing.
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
