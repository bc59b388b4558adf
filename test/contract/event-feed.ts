import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Awaitable } from '../../src/domain/awaitable.ts';
import type { EventFeed } from '../../src/ports/event-feed.ts';
import { PATIENCE } from '../helpers/patience.ts';

/** A feed on the real clock, and what changes its store. */
export interface FeedUnderTest {
  readonly feed: EventFeed;
  /** Commits through the connection of the feed's own process. */
  commit(): Awaitable<void>;
  /** Commits as another process does. */
  commitElsewhere(): Awaitable<void>;
  /** Makes the store unreadable. */
  breakStore(): Awaitable<void>;
}

/** Longer than a driver takes to connect, or to report a commit. */
const QUIET_MS = 500;

/** The suite that every driver of the EventFeed port passes; `shared` says whether other processes can open its stores. */
export function eventFeedContract(
  make: () => Awaitable<FeedUnderTest>,
  { shared }: { readonly shared: boolean },
): void {
  /** Watches until the test has finished. */
  function watching(feed: EventFeed, wake = vi.fn<() => void>()) {
    const stop = feed.watch(wake);
    onTestFinished(stop);
    const woken = () => vi.waitFor(() => expect(wake).toHaveBeenCalled(), PATIENCE);
    return { wake, stop, woken };
  }

  test('wakes a watcher after a commit that follows at once', async () => {
    const { feed, commit } = await make();
    const { woken } = watching(feed);
    await commit();
    await woken();
  });

  if (shared) {
    test('wakes a watcher after a commit by another process', async () => {
      const { feed, commitElsewhere } = await make();
      const { wake, woken } = watching(feed);
      await sleep(QUIET_MS);
      wake.mockClear();
      await commitElsewhere();
      await woken();
    });
  }

  test('wakes nobody while nothing is committed', async () => {
    const { feed, commit } = await make();
    await commit();
    const { wake } = watching(feed);
    await sleep(QUIET_MS);
    wake.mockClear();
    await sleep(QUIET_MS);
    expect(wake).not.toHaveBeenCalled();
  });

  test('wakes every watcher, and each time', async () => {
    const { feed, commit } = await make();
    const watchers = [watching(feed), watching(feed), watching(feed)];
    for (let n = 0; n < 2; n++) {
      await commit();
      for (const { woken } of watchers) await woken();
      await sleep(QUIET_MS);
      for (const { wake } of watchers) wake.mockClear();
    }
  });

  test('joins commits that are close together', async () => {
    const { feed, commit } = await make();
    const { wake, woken } = watching(feed);
    for (let n = 0; n < 200; n++) await commit();
    await woken();
    await sleep(QUIET_MS);
    expect(wake.mock.calls.length).toBeLessThan(50);
  });

  test('wakes a watcher no more once it is stopped, and the others still', async () => {
    const { feed, commit } = await make();
    const [stopped, other] = [watching(feed), watching(feed)];
    stopped.stop();
    stopped.stop();
    await commit();
    await other.woken();
    expect(stopped.wake).not.toHaveBeenCalled();
  });

  test('counts one function that watches twice as two watchers', async () => {
    const { feed, commit } = await make();
    const first = watching(feed);
    watching(feed, first.wake);
    first.stop();
    await commit();
    await first.woken();
  });

  test('watches again after the last watcher was stopped', async () => {
    const { feed, commit } = await make();
    watching(feed).stop();
    const { woken } = watching(feed);
    await commit();
    await woken();
  });

  test('wakes a watcher when the store becomes unreadable', async () => {
    const { feed, breakStore } = await make();
    const { wake, woken } = watching(feed);
    await sleep(QUIET_MS);
    wake.mockClear();
    await breakStore();
    await woken();
  });
}
