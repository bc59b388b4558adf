import { AbpError } from '../domain/error.ts';
import type { Tx } from '../domain/repository.ts';
import { explained } from './guard.ts';
import { BUSY_TIMEOUT_MS, type Connection } from './open.ts';

/**
 * How often a writer looks whether it is its turn, ms. SQLite's own looks grow to 100 ms apart, and miss the moments between
 * the transactions of somebody who stores a large source.
 */
const LOOK_MS = 2;

/** One exec: three calls cost four times as much. A read waits in SQLite's way. */
const BEGIN = `PRAGMA busy_timeout = ${LOOK_MS}; BEGIN IMMEDIATE; PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`;

/** Makes `Repository.transaction` of a database. */
export function createTransaction({ db, presence }: Connection, path: string): <T>(work: (tx: Tx) => T) => T {
  const commit = db.prepare('COMMIT');
  const rollback = db.prepare('ROLLBACK');
  return (work) => {
    if (db.inTransaction) throw new AbpError('internal', 'A write transaction was opened inside another one.');
    presence.check();
    try {
      begin(db);
      const result = work({} as Tx);
      commit.run();
      return result;
    } catch (error) {
      // SQLite may have rolled it back itself: a full disk.
      if (db.inTransaction) rollback.run();
      throw explained(error, path, presence);
    }
  };
}

function begin(db: Connection['db']): void {
  const until = performance.now() + BUSY_TIMEOUT_MS;
  for (;;) {
    try {
      db.exec(BEGIN);
      return;
    } catch (error) {
      if (isBusy(error) && performance.now() < until) continue;
      db.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
      throw error;
    }
  }
}

function isBusy(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'SQLITE_BUSY';
}
