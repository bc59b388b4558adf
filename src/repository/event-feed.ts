import type { Clock } from '../ports/clock.ts';
import type { EventFeed } from '../ports/event-feed.ts';

/** Time between two looks at the counter, ms: the longest delay of a wake-up. */
const LOOK_MS = 200;

/** Makes the feed of a SQLite store, which cannot notify: polls a counter of commits once for all watchers. */
export function createEventFeed(commits: () => number, clock: Clock): EventFeed {
  const watchers = new Set<() => void>();
  let idle = new AbortController();

  async function poll({ signal }: AbortController): Promise<void> {
    let seen = look();
    for (;;) {
      await clock.sleep(LOOK_MS, signal);
      if (signal.aborted) return;
      const now = look();
      if (now === seen) continue;
      seen = now;
      for (const wake of watchers) wake();
    }
  }

  /** NaN, which equals nothing, when the store cannot be read: the watchers then read it and get the error themselves. */
  function look(): number {
    try {
      return commits();
    } catch {
      return Number.NaN;
    }
  }

  return {
    watch(wake) {
      // Of its own, so that one function can watch twice.
      const watcher = () => wake();
      watchers.add(watcher);
      if (watchers.size === 1) {
        idle = new AbortController();
        void poll(idle);
      }
      return () => {
        if (watchers.delete(watcher) && watchers.size === 0) idle.abort();
      };
    },
  };
}
