import type { Clock } from './ports/clock.ts';

/**
 * A clock that never goes back: when somebody changes the wall clock, its time goes on from where it was, so that nothing
 * waits for an hour to come round again.
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
