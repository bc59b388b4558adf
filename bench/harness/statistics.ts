/** The value in the middle; the mean of both where there are two. NaN without values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper;
}

/** How much larger the values of the last fifth are than those of the middle one: what a growing line is told by. */
export function growth(values: readonly number[]): number {
  const fifth = (n: number) =>
    values.slice(Math.floor((values.length * n) / 5), Math.floor((values.length * (n + 1)) / 5));
  return median(fifth(4)) / median(fifth(2));
}

/** The smallest value that at least this share (0 to 1) of all values do not exceed. NaN without values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
