/**
 * Returns the end time to store for a period that began at `start`, both epoch ms: never before `start`, as the wall
 * clock may have been set back.
 */
export function clampedEnd(start: number, time: number): number {
  return Math.max(start, time);
}
