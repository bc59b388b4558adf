import { setTimeout as sleep } from 'node:timers/promises';
import { AbpError } from '../domain/error.ts';
import type { Repository } from '../domain/repository.ts';
import { explained } from './guard.ts';
import { BUSY_TIMEOUT_MS, type Connection } from './open.ts';

/** How long a writer waits for its turn, ms: hosts of MCP give a call 60 s. */
const TURN_MS = 30_000;
/** Of those who wait the longest-waiting looks most often, so that nobody waits for ever: from every 64 ms to every 4. */
const LONGEST_LOOK_MS = 64;
const SHORTEST_LOOK_MS = 4;
/** The time between looks halves each time so much has been waited. */
const HALVED_AFTER_MS = 1000;

/** Whether somebody else could not write at this moment either: it takes the lock and lets it go, and writes nothing. */
const TRY = `PRAGMA busy_timeout = 0; BEGIN IMMEDIATE; ROLLBACK; PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`;

/** Makes `Repository.turn` of a database. */
export function createTurn({ db, presence }: Connection, path: string): Repository['turn'] {
  const attempt = () => {
    if (db.inTransaction) return;
    presence.check();
    try {
      db.exec(TRY);
    } catch (error) {
      db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
      throw explained(error, path, presence);
    }
  };
  return (patienceMs) => {
    try {
      attempt();
      return null;
    } catch (error) {
      return isLocked(error) ? whenUnlocked(attempt, patienceMs) : Promise.reject(error);
    }
  };
}

/**
 * Tries something until the store is not locked by another process, waiting between two tries without blocking the event
 * loop; after `patienceMs` the `busy` error comes out. Any other error comes out at once.
 */
export async function whenUnlocked<T>(attempt: () => T, patienceMs = TURN_MS): Promise<T> {
  const begun = performance.now();
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      const waited = performance.now() - begun;
      if (!isLocked(error) || waited >= patienceMs) throw error;
      const look = Math.max(SHORTEST_LOOK_MS, LONGEST_LOOK_MS / 2 ** (waited / HALVED_AFTER_MS));
      await sleep(look * (0.5 + Math.random() / 2));
    }
  }
}

function isLocked(error: unknown): boolean {
  return error instanceof AbpError && error.code === 'busy' && error.details?.locked === true;
}
