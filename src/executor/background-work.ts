/** What an executor writes for its job beside its rounds: of a large job that takes longer than a lease. One at a time. */
export interface BackgroundWork {
  readonly isBusy: boolean;
  /** Starts it, for as long as the job is in a phase. `failed` hears what it throws, unless it was stopped. */
  start(phase: string, work: (signal: AbortSignal) => Promise<unknown>, failed: (error: unknown) => void): void;
  /** Stops what belongs to another phase. */
  only(phase: string): void;
  stop(): void;
}

/** Makes it; `ended` is called after each. */
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
    only(phase) {
      if (now?.phase !== phase) now?.controller.abort();
    },
    stop: () => now?.controller.abort(),
  };
}
