/** Longest interval between two looks, ms; after a longer one this process or the machine was suspended. */
export const MAX_GAP_MS = 5000;
/** Interval between looks, ms: short enough that load does not cause gaps. */
export const LOOK_INTERVAL_MS = 1000;

/** Running time of a run, ms, against which limits are measured. */
export interface RunningTime {
  /** Adds the time since the last look, unless it was a gap or the run is stopped. Returns the sum, ms. */
  look(isStopped: boolean): number;
}

/**
 * Starts counting. Time in which this process, the machine or the run was stopped (SIGSTOP, suspend) is excluded.
 * `now`: a monotonic clock, ms.
 */
export function countRunningTime(now: () => number = () => performance.now()): RunningTime {
  let lookedAt = now();
  let runningMs = 0;
  return {
    look(isStopped) {
      const gapMs = now() - lookedAt;
      lookedAt += gapMs;
      if (gapMs <= MAX_GAP_MS && !isStopped) runningMs += gapMs;
      return runningMs;
    },
  };
}
