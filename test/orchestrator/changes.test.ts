import { expect, test } from 'vitest';
import { changes } from '../../src/orchestrator/queries/changes.ts';
import type { EventFeed } from '../../src/ports/event-feed.ts';
import { fakeClock } from '../helpers/clock.ts';

/** A feed that a test wakes by hand. */
function feedByHand() {
  const watchers = new Set<() => void>();
  const feed: EventFeed = {
    watch(wake) {
      watchers.add(wake);
      return () => watchers.delete(wake);
    },
  };
  const wake = () => {
    for (const watcher of watchers) watcher();
  };
  return { feed, wake, watchers: () => watchers.size };
}

/** Whether a promise is settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  await new Promise((resolve) => setImmediate(resolve));
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
}

function looking(pauseMs = 1000) {
  const clock = fakeClock();
  const hand = feedByHand();
  const gone = new AbortController();
  const looks = changes({ clock, feed: hand.feed }, gone.signal, () => pauseMs);
  return { clock, ...hand, gone, looks };
}

test('the first look is at once, the next one after a change', async () => {
  const { looks, wake } = looking();
  await looks.next();
  const next = looks.next();
  expect(await isSettled(next)).toBe(false);
  wake();
  expect(await next).toEqual({ done: false, value: undefined });
});

test('changes during a look are one more look', async () => {
  const { looks, wake } = looking();
  await looks.next();
  wake();
  wake();
  await looks.next();
  expect(await isSettled(looks.next())).toBe(false);
});

test('without a change the next look is after the pause', async () => {
  const { looks, clock } = looking(1000);
  await looks.next();
  const next = looks.next();
  await isSettled(next);
  clock.advance(999);
  expect(await isSettled(next)).toBe(false);
  clock.advance(1);
  expect(await next).toEqual({ done: false, value: undefined });
});

test('a signal ends it, before the first look as well as during a pause', async () => {
  const waiting = looking();
  await waiting.looks.next();
  const next = waiting.looks.next();
  await isSettled(next);
  waiting.gone.abort();
  expect(await next).toEqual({ done: true, value: undefined });
  expect(waiting.watchers()).toBe(0);
  const late = looking();
  late.gone.abort();
  expect(await late.looks.next()).toEqual({ done: true, value: undefined });
  expect(late.watchers()).toBe(0);
});

test('who leaves the loop watches no longer', async () => {
  const { looks, watchers } = looking();
  for await (const _ of looks) {
    expect(watchers()).toBe(1);
    break;
  }
  expect(watchers()).toBe(0);
});
