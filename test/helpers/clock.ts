import type { Clock } from '../../src/ports/clock.ts';

/** A clock that a test moves. */
export interface FakeClock extends Clock {
  /** Advances both clocks and wakes sleepers that are due. */
  advance(ms: number): void;
  /** Changes the wall clock; the monotonic clock stays. */
  setWall(ms: number): void;
}

/** Start time: noon of some day, so that a day back is still valid. */
export const NOON = Date.UTC(2026, 0, 15, 12);

/** Creates a clock that starts at noon. */
export function fakeClock(): FakeClock {
  let wall = NOON;
  let elapsed = 0;
  const sleepers = new Set<{ readonly until: number; readonly wake: () => void }>();
  return {
    now: () => wall,
    monotonic: () => elapsed,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const sleeper = { until: elapsed + ms, wake: () => done() };
        const done = () => {
          sleepers.delete(sleeper);
          signal?.removeEventListener('abort', done);
          resolve();
        };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', done, { once: true });
      }),
    advance(ms) {
      wall += ms;
      elapsed += ms;
      for (const sleeper of sleepers) if (sleeper.until <= elapsed) sleeper.wake();
    },
    setWall(ms) {
      wall = ms;
    },
  };
}
