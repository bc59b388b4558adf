import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

const BOUND_BYTES = 16 * 1024 * 1024;
let isBound = false;

/**
 * Keeps the space in which V8 makes new objects from growing any further once it is large enough for a fast stream. By
 * itself it grows to 128 MB while millions of short-lived rows pass, for no gain in speed; the limit that V8 has for it can
 * only be given when a process starts, but whether it grows is looked up each time.
 */
export function boundYoungGeneration(): void {
  if (isBound) return;
  const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  isBound = (space?.space_size ?? 0) >= BOUND_BYTES;
  if (isBound) setFlagsFromString('--semi-space-growth-factor=1');
}
