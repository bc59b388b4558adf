/** A time (epoch ms) that is stored as the end of what began at `start`: the wall clock may have been set back since. */
export function notBefore(start: number, time: number): number {
  return Math.max(start, time);
}
