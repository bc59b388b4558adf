/** The port to time, so that a flow can be tested without waiting. */
export interface Clock {
  /** Wall clock, epoch ms: for what is stored and shown. */
  now(): number;
  /** Monotonic ms: for what is measured, so that a changed clock or a sleeping laptop kills nobody. */
  monotonic(): number;
  /** Resolves after `ms`, or at once when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/**
 * A clock that never goes back: when somebody changes the wall clock, its time goes on from where it was, so that nothing
 * waits for an hour to come round again.
 */
export function steadyClock(clock: Clock): Clock {
  const start = clock.now() - clock.monotonic();
  return { ...clock, now: () => Math.max(clock.now(), Math.floor(start + clock.monotonic())) };
}

/** A time (epoch ms) that is stored as the end of what began at `start`: the wall clock may have been set back since. */
export function notBefore(start: number, time: number): number {
  return Math.max(start, time);
}

/** The real clock. */
export const systemClock: Clock = {
  now: Date.now,
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done, { once: true });
    }),
};
