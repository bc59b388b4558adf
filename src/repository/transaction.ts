import { AbpError } from '../domain/error.ts';
import type { Repository } from '../ports/repository.ts';
import { explained } from './guard.ts';
import { BUSY_TIMEOUT_MS, type Connection } from './open.ts';
import { isLocked, whenUnlocked } from './turn.ts';

/**
 * Interval at which a writer tries to begin, ms. SQLite's own interval grows to 100 ms and misses the gaps between the
 * transactions of a process that stores a large source.
 */
const LOOK_MS = 2;

/** One exec: three calls cost four times as much. Reads keep SQLite's own way of waiting. */
const beginWithin = (ms: number) =>
  `PRAGMA busy_timeout = ${ms}; BEGIN IMMEDIATE; PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`;
const BEGIN = beginWithin(LOOK_MS);
const TRY = beginWithin(0);

/** Makes `Repository.transaction` and `Repository.turn` of a database. */
export function createTransaction(
  { db, presence }: Connection,
  path: string,
): Pick<Repository, 'transaction' | 'turn'> {
  const commit = db.prepare('COMMIT');
  const rollback = db.prepare('ROLLBACK');
  /** A turn that is not used yet: its transaction has begun. */
  let unused: NodeJS.Immediate | null = null;

  function take(): boolean {
    if (unused === null) return false;
    clearImmediate(unused);
    unused = null;
    return true;
  }

  function tryTurn(): void {
    if (db.inTransaction) return;
    presence.check();
    try {
      db.exec(TRY);
    } catch (error) {
      db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
      throw explained(error, path, presence);
    }
    // The caller that waited for the turn has written by then, or has other work first.
    unused = setImmediate(() => {
      if (take() && db.open) rollback.run();
    });
  }

  return {
    transaction(work) {
      const begun = take();
      if (db.inTransaction && !begun) {
        throw new AbpError('internal', 'A write transaction was opened inside another one.');
      }
      try {
        presence.check();
        if (!begun) begin(db);
        const result = work({} as Parameters<typeof work>[0]);
        commit.run();
        return result;
      } catch (error) {
        // SQLite has rolled back by itself on a full disk.
        if (db.inTransaction) rollback.run();
        throw explained(error, path, presence);
      }
    },
    turn(maxWaitMs) {
      if (path === ':memory:') return null;
      try {
        tryTurn();
        return null;
      } catch (error) {
        if (isLocked(error)) return whenUnlocked(tryTurn, maxWaitMs);
        throw error;
      }
    },
  };
}

function begin(db: Connection['db']): void {
  const until = performance.now() + BUSY_TIMEOUT_MS;
  for (;;) {
    try {
      db.exec(BEGIN);
      return;
    } catch (error) {
      const isBusy = (error as { code?: unknown }).code === 'SQLITE_BUSY';
      if (isBusy && performance.now() < until) continue;
      db.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
      throw error;
    }
  }
}
