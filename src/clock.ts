import type { Clock } from './ports/clock.ts';

/**
 * Wraps a clock so that its wall time never goes back: after the wall clock is set back, time continues from where it
 * was, and nothing waits an hour for the old time to return.
 */
export function steadyClock(clock: Clock): Clock {
  const start = clock.now() - clock.monotonic();
  return { ...clock, now: () => Math.max(clock.now(), Math.floor(start + clock.monotonic())) };
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
