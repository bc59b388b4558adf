import { describe, expect, it, vi } from 'vitest';
import type { StopCause } from '../../../src/workers/process/ending.ts';
import { countRunningTime } from '../../../src/workers/process/running-time.ts';
import { type Bounds, supervise } from '../../../src/workers/process/supervise.ts';
import { calm } from '../../helpers/worker.ts';

describe('the running time of a run', () => {
  it.each<[string, readonly (readonly [gapMs: number, isStopped?: boolean])[], number]>([
    ['is the sum of what passed between looks', [[1000], [1000], [500]], 2500],
    ['has a gap of 5 s in it, which a busy machine may make', [[1000], [5000]], 6000],
    ['excludes a longer gap, in which the observer was stopped', [[1000], [5001], [1000]], 2000],
    ['leaves out an hour of sleep', [[1000], [3_600_000], [1000]], 2000],
    ['leaves out the time in which the run is stopped', [[1000], [1000, true], [1000, true], [1000]], 2000],
    ['is nothing for a run that is stopped from its start', [[1000, true]], 0],
  ])('%s', (_, looks, expected) => {
    let now = 12_345;
    const time = countRunningTime(() => now);
    let ran = 0;
    for (const [gapMs, isStopped = false] of looks) {
      now += gapMs;
      ran = time.look(isStopped);
    }
    expect(ran).toBe(expected);
  });
});

describe('the limits of a run', () => {
  /** The causes for which it is stopped while a clock goes by these steps, one for each look; the last one goes on for ever. */
  async function causes(bounds: Partial<Bounds>, steps: readonly number[]): Promise<readonly StopCause[]> {
    vi.useFakeTimers();
    try {
      const found: StopCause[] = [];
      let now = 0;
      let looks = -1;
      const clock = () => {
        if (looks >= 0) now += steps[Math.min(looks, steps.length - 1)] ?? 0;
        looks += 1;
        return now;
      };
      const all = { timeoutMs: 10_000, idleTimeoutMs: 0, signal: calm, isStopped: () => false, outputSize: () => 0 };
      const end = supervise({ ...all, ...bounds }, (cause) => found.push(cause), clock);
      await vi.advanceTimersByTimeAsync(20_000);
      end();
      return found;
    } finally {
      vi.useRealTimers();
    }
  }

  it.each<[string, Partial<Bounds>, readonly number[], readonly StopCause[]]>([
    ['are over after that much running time', {}, [1000], ['timeout']],
    ['are not over for a machine that slept', {}, [1000, 3_600_000, 0], []],
    ['continue to count after a suspend', {}, [1000, 3_600_000, 1000], ['timeout']],
    ['are not over for a run that is stopped', { isStopped: () => true }, [1000], []],
    ['of silence are over after that much running time', { idleTimeoutMs: 3000 }, [1000], ['idle_timeout']],
    ['of silence are not over for a machine that slept', { idleTimeoutMs: 3000 }, [1000, 3_600_000, 0], []],
    ['of silence are not over for a run that is stopped', { idleTimeoutMs: 3000, isStopped: () => true }, [1000], []],
  ])('%s', async (_, bounds, steps, expected) => {
    expect(await causes(bounds, steps)).toEqual(expected);
  });
});
