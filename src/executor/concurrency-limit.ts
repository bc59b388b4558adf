/** Time without overload after which one slot returns. */
const GROW_AFTER_MS = 30_000;

/** Limit of busy slots: the job's maximum, halved on overload, then growing back one by one. */
export interface ConcurrencyLimit {
  /** Returns the present limit (monotonic ms). */
  size(nowMs: number): number;
  /**
   * Halves the limit after an overload of an attempt that started at `startedMs`. Attempts from before the last halving
   * do not count again.
   */
  backOff(nowMs: number, startedMs: number): void;
  setMax(max: number): void;
}

/** Creates the limit of one executor. */
export function createConcurrencyLimit(initialMax: number): ConcurrencyLimit {
  let max = initialMax;
  let reduced: { readonly size: number; readonly at: number } | null = null;
  const size = (nowMs: number) => {
    if (!reduced) return max;
    const grown = reduced.size + Math.floor((nowMs - reduced.at) / GROW_AFTER_MS);
    if (grown >= max) reduced = null;
    return Math.min(grown, max);
  };
  return {
    size,
    backOff(nowMs, startedMs) {
      if (reduced && startedMs < reduced.at) return;
      reduced = { size: Math.max(1, Math.floor(size(nowMs) / 2)), at: nowMs };
    },
    setMax(next) {
      max = next;
    },
  };
}
