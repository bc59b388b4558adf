import { expect, test, vi } from 'vitest';
import { createEventFeed } from '../../src/repository/event-feed.ts';
import { fakeClock } from '../helpers/clock.ts';

/** Lets time pass, 200 ms at a time. */
async function pass(clock: ReturnType<typeof fakeClock>, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 200) {
    clock.advance(200);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('polls once in 200 ms for all watchers, and not at all without one', async () => {
  const clock = fakeClock();
  const commits = vi.fn<() => number>(() => 1);
  const feed = createEventFeed(commits, clock);
  await pass(clock, 1000);
  expect(commits).not.toHaveBeenCalled();
  const wake = vi.fn<() => void>();
  const stops = [1, 2, 3].map(() => feed.watch(wake));
  await pass(clock, 1000);
  expect(commits).toHaveBeenCalledTimes(6);
  for (const stop of stops) stop();
  await pass(clock, 1000);
  expect(commits).toHaveBeenCalledTimes(6);
  expect(wake).not.toHaveBeenCalled();
});

test('wakes within 200 ms', async () => {
  const clock = fakeClock();
  let commits = 0;
  const feed = createEventFeed(() => commits, clock);
  const wake = vi.fn<() => void>();
  feed.watch(wake);
  commits++;
  await pass(clock, 200);
  expect(wake).toHaveBeenCalledTimes(1);
});

test('wakes at each look while the counter cannot be read, and goes on when it can', async () => {
  const clock = fakeClock();
  let broken = true;
  const feed = createEventFeed(() => {
    if (broken) throw new Error('disk I/O error');
    return 1;
  }, clock);
  const wake = vi.fn<() => void>();
  feed.watch(wake);
  await pass(clock, 600);
  expect(wake).toHaveBeenCalledTimes(3);
  broken = false;
  await pass(clock, 600);
  expect(wake).toHaveBeenCalledTimes(4);
});
