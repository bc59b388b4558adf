import { expect, test } from 'vitest';
import { backedOff, type ConcurrencyLimit, slotsOf, withMax } from '../../../src/domain/rules/concurrency-limit.ts';

/** A limit that a test changes, one call after the other. */
function limitOf(max: number) {
  let limit: ConcurrencyLimit = { max, reduced: null };
  return {
    size: (nowMs: number) => slotsOf(limit, nowMs),
    backOff(nowMs: number, startedMs: number) {
      limit = backedOff(limit, nowMs, startedMs);
    },
    setMax(next: number, nowMs = 0) {
      limit = withMax(limit, next, nowMs);
    },
  };
}

test('all slots are available without overload', () => {
  expect(limitOf(8).size(1e9)).toBe(8);
});

test('an overload halves the slots, down to one', () => {
  const slots = limitOf(8);
  for (const [at, size] of [
    [1, 4],
    [2, 2],
    [3, 1],
    [4, 1],
  ] as const) {
    slots.backOff(at, at);
    expect(slots.size(at)).toBe(size);
  }
});

test('an overload of an attempt from before the last halving does not count', () => {
  const slots = limitOf(8);
  slots.backOff(100, 0);
  slots.backOff(101, 50);
  slots.backOff(102, 99);
  expect(slots.size(102)).toBe(4);
  slots.backOff(103, 100);
  expect(slots.size(103)).toBe(2);
});

test('one slot returns every 30 s without overload, up to the maximum', () => {
  const slots = limitOf(4);
  slots.backOff(0, 0);
  expect([0, 29_999, 30_000, 60_000, 600_000].map((at) => slots.size(at))).toEqual([2, 2, 3, 4, 4]);
  expect(slots.size(600_001)).toBe(4);
});

test('an overload during growth halves the present number', () => {
  const slots = limitOf(8);
  slots.backOff(0, 0);
  slots.backOff(60_000, 59_000);
  expect(slots.size(60_000)).toBe(3);
});

test('an odd number is halved downwards', () => {
  const slots = limitOf(5);
  slots.backOff(0, 0);
  expect(slots.size(0)).toBe(2);
});

test('a lower maximum counts at once; after an overload a higher one is reached gradually', () => {
  const slots = limitOf(4);
  slots.setMax(8);
  expect(slots.size(0)).toBe(8);
  slots.backOff(0, 0);
  slots.setMax(2);
  expect(slots.size(1)).toBe(2);
  const shrunk = limitOf(4);
  shrunk.backOff(0, 0);
  shrunk.setMax(64);
  expect([shrunk.size(0), shrunk.size(90_000)]).toEqual([2, 5]);
});

test('a limit that has grown back is not reduced when its maximum rises later', () => {
  const slots = limitOf(4);
  slots.backOff(0, 0);
  slots.setMax(4, 60_000);
  slots.setMax(64, 60_001);
  expect(slots.size(60_001)).toBe(64);
});
