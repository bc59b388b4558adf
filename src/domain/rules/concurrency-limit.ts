/** Time without overload after which one slot returns. */
const GROW_AFTER_MS = 30_000;

/** Limit of busy slots: the job's maximum, halved on overload, then growing back one by one. Times are monotonic ms. */
export interface ConcurrencyLimit {
  readonly max: number;
  /** Size after the last overload; null = none, or it has grown back since. */
  readonly reduced: { readonly size: number; readonly atMs: number } | null;
}

/** Returns the number of slots that may be busy now. */
export function slotsOf({ max, reduced }: ConcurrencyLimit, nowMs: number): number {
  return reduced ? Math.min(grown(reduced, nowMs), max) : max;
}

/**
 * Halves the limit after an overload of an attempt that started at `startedMs`. Attempts from before the last halving do
 * not count again.
 */
export function backedOff(limit: ConcurrencyLimit, nowMs: number, startedMs: number): ConcurrencyLimit {
  const { max, reduced } = withMax(limit, limit.max, nowMs);
  if (reduced && startedMs < reduced.atMs) return { max, reduced };
  return { max, reduced: { size: Math.max(1, Math.floor(slotsOf({ max, reduced }, nowMs) / 2)), atMs: nowMs } };
}

/** Sets the maximum; a limit that has grown back to the one before is no longer reduced. */
export function withMax({ max, reduced }: ConcurrencyLimit, next: number, nowMs: number): ConcurrencyLimit {
  return { max: next, reduced: reduced && grown(reduced, nowMs) < max ? reduced : null };
}

function grown({ size, atMs }: NonNullable<ConcurrencyLimit['reduced']>, nowMs: number): number {
  return size + Math.floor((nowMs - atMs) / GROW_AFTER_MS);
}
