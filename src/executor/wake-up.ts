import type { Clock } from '../ports/clock.ts';

/** Ends a wait as soon as something has happened, also when it happened before the wait began. */
export interface WakeUp {
  wake(): void;
  /** Waits until `wake` or for `ms`; at once when `wake` was called since the last wait. */
  wait(ms: number): Promise<void>;
  /** Forgets what has happened: the caller is about to look. */
  reset(): void;
}

/** Creates the wake-up of one loop. */
export function createWakeUp(clock: Clock): WakeUp {
  let isDue = false;
  let idle = new AbortController();
  return {
    wake() {
      isDue = true;
      idle.abort();
    },
    async wait(ms) {
      if (isDue) return;
      idle = new AbortController();
      await clock.sleep(ms, idle.signal);
    },
    reset() {
      isDue = false;
    },
  };
}
