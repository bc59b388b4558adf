/** After this long without a sign of overload, one slot comes back. */
const GROW_AFTER_MS = 30_000;

/** How many slots may be busy: the job's bound, halved when the service is overloaded, growing back one by one. */
export interface ConcurrencyLimit {
  /** Slots at this moment (monotonic ms). */
  size(nowMs: number): number;
  /** The service was overloaded for an attempt that started then. Attempts from before the last halving do not count again. */
  backOff(nowMs: number, startedMs: number): void;
  setMax(max: number): void;
}

/** Makes the slots of one executor. */
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
