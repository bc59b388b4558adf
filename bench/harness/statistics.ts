/** Median; the mean of the two middle values for an even number. NaN without values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper;
}

/** Ratio of the last fifth to the middle fifth, which shows growth. */
export function growth(values: readonly number[]): number {
  const fifth = (n: number) =>
    values.slice(Math.floor((values.length * n) / 5), Math.floor((values.length * (n + 1)) / 5));
  return median(fifth(4)) / median(fifth(2));
}

/** Percentile: the smallest value that at least this share (0 to 1) of all values do not exceed. NaN without values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
