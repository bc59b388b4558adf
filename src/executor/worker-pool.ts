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

/** The attempts of an executor, each in a slot. How many may start is decided at each claim (`rules/admission.ts`). */
export interface WorkerPool {
  readonly running: ReadonlySet<Running>;
  /** Starts an attempt in a slot; `onFinished` gets its outcome. `work` must not throw. */
  start(claim: Claim, startedMs: number, work: (running: Running, signal: AbortSignal) => Promise<Outcome>): Running;
}

/** Creates a pool. `onFinished` is called for each attempt on its own tick. */
export function createWorkerPool(size: number, onFinished: (finished: Finished) => void): WorkerPool {
  const limit = pLimit(size);
  const running = new Set<Running>();
  return {
    running,
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
      // Adopted attempts run also above the present number of slots.
      limit.concurrency = Math.max(limit.concurrency, running.size);
      void limit(() => work(entry, controller.signal)).then((outcome) => {
        running.delete(entry);
        onFinished({ running: entry, outcome });
      });
      return entry;
    },
  };
}
