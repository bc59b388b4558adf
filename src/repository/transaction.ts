import type Database from 'better-sqlite3';
import { AbpError } from '../domain/error.ts';
import type { Tx } from '../domain/repository.ts';
import { BUSY_TIMEOUT_MS } from './open.ts';

/**
 * How often a writer looks whether it is its turn, ms. SQLite's own looks grow to 100 ms apart, and miss the moments between
 * the transactions of somebody who stores a large source.
 */
const LOOK_MS = 2;

/** What SQLite says when a write cannot be made, and what that means to a person. */
const WRITE_ERRORS: readonly { readonly code: RegExp; readonly error: (cause: Error) => AbpError }[] = [
  {
    code: /^SQLITE_FULL|^SQLITE_IOERR/,
    error: (cause) =>
      new AbpError('environment', `The store cannot be written: ${cause.message}`, {
        hint: 'Make room on the disk (`abp prune` helps), then try again.',
        details: { disk: true },
        cause,
      }),
  },
  {
    code: /^SQLITE_BUSY/,
    error: (cause) =>
      new AbpError('busy', 'The store is locked by another process.', { hint: 'Try again in a moment.', cause }),
  },
];

/** One exec: three calls cost four times as much. A read waits in SQLite's way. */
const BEGIN = `PRAGMA busy_timeout = ${LOOK_MS}; BEGIN IMMEDIATE; PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`;

/** Makes `Repository.transaction` of a database. */
export function createTransaction(db: Database.Database): <T>(work: (tx: Tx) => T) => T {
  const commit = db.prepare('COMMIT');
  const rollback = db.prepare('ROLLBACK');
  return (work) => {
    if (db.inTransaction) throw new AbpError('internal', 'A write transaction was opened inside another one.');
    try {
      begin(db);
      const result = work({} as Tx);
      commit.run();
      return result;
    } catch (error) {
      // SQLite may have rolled it back itself: a full disk.
      if (db.inTransaction) rollback.run();
      const code = (error as { code?: unknown }).code;
      const known = typeof code === 'string' ? WRITE_ERRORS.find((entry) => entry.code.test(code)) : undefined;
      throw known && error instanceof Error ? known.error(error) : error;
    }
  };
}

function begin(db: Database.Database): void {
  const until = performance.now() + BUSY_TIMEOUT_MS;
  for (;;) {
    try {
      db.exec(BEGIN);
      return;
    } catch (error) {
      if ((error as { code?: unknown }).code === 'SQLITE_BUSY' && performance.now() < until) continue;
      db.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
      throw error;
    }
  }
}
