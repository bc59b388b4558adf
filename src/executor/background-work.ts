/** Work beside an executor's rounds, one at a time: writing the results of a large job takes longer than a lease. */
export interface BackgroundWork {
  readonly isBusy: boolean;
  /** Starts work that belongs to a phase. `failed` receives its error, unless it was stopped. */
  start(phase: string, work: (signal: AbortSignal) => Promise<unknown>, failed: (error: unknown) => void): void;
  /** Stops work of any other phase. */
  stopUnless(phase: string): void;
  stop(): void;
}

/** Creates it; `ended` is called after each piece of work. */
export function createBackgroundWork(ended: () => void): BackgroundWork {
  let now: { readonly phase: string; readonly controller: AbortController } | null = null;
  return {
    get isBusy() {
      return now !== null;
    },
    start(phase, work, failed) {
      const controller = new AbortController();
      now = { phase, controller };
      work(controller.signal)
        .catch((error: unknown) => {
          if (!controller.signal.aborted) failed(error);
        })
        .finally(() => {
          now = null;
          ended();
        });
    },
    stopUnless(phase) {
      if (now?.phase !== phase) now?.controller.abort();
    },
    stop: () => now?.controller.abort(),
  };
}
