/** A look that comes later than this after the one before: whoever looks, or the whole machine, stood still meanwhile. */
export const LONGEST_GAP_MS = 5000;
/** Between two looks: often enough that a busy machine does not make gaps of them. */
export const LOOK_MS = 1000;

/** How long a run has been running, ms: what limits are measured against. */
export interface RunningTime {
  /** Adds the time since the last look, unless it was a gap or the run is stopped. Returns the sum. */
  look(isStopped: boolean): number;
}

/**
 * Counts from now on. Time in which this process, its machine or the run was stopped (SIGSTOP, a suspended machine) is no
 * running time. `now`: a monotonic clock, ms.
 */
export function countRunningTime(now: () => number = () => performance.now()): RunningTime {
  let lookedAt = now();
  let runningMs = 0;
  return {
    look(isStopped) {
      const gapMs = now() - lookedAt;
      lookedAt += gapMs;
      if (gapMs <= LONGEST_GAP_MS && !isStopped) runningMs += gapMs;
      return runningMs;
    },
  };
}
