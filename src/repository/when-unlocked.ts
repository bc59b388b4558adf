import { setTimeout as sleep } from 'node:timers/promises';
import { AbpError } from '../domain/error.ts';

/** How long a writer waits for its turn, ms: hosts of MCP give a call 60 s. */
export const MAX_WAIT_MS = 30_000;
/** Interval of a waiting writer, ms: it shrinks from 100 to 20, so that the one that has waited longest tries most often. */
const LONGEST_LOOK_MS = 100;
const SHORTEST_LOOK_MS = 20;
/** Waiting time after which the interval is halved, ms. */
const HALVED_AFTER_MS = 2000;

/**
 * Tries something until the store is not locked by another process, waiting between two tries without blocking the event
 * loop; after `maxWaitMs` the `busy` error comes out. Any other error comes out at once.
 */
export async function whenUnlocked<T>(attempt: () => T, maxWaitMs = MAX_WAIT_MS): Promise<T> {
  const begun = performance.now();
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      const waited = performance.now() - begun;
      if (!isLocked(error) || waited >= maxWaitMs) throw error;
      const look = Math.max(SHORTEST_LOOK_MS, LONGEST_LOOK_MS / 2 ** (waited / HALVED_AFTER_MS));
      await sleep(look * (0.5 + Math.random() / 2));
    }
  }
}

/** Whether an error says that another process writes at this moment. */
export function isLocked(error: unknown): boolean {
  return error instanceof AbpError && error.code === 'busy' && error.details?.locked === true;
}
