import { AsyncLocalStorage } from 'node:async_hooks';
import { AbpError } from '../domain/error.ts';
import type { Repository, Tx } from '../ports/repository.ts';
import { explained } from './guard.ts';
import { BUSY_TIMEOUT_MS, type Connection } from './open.ts';
import { attempt } from './promised.ts';
import { whenUnlocked } from './turn.ts';

/** One exec: three calls cost four times as much. The wait for another writer is `whenUnlocked`'s, which blocks nobody. */
const BEGIN = `PRAGMA busy_timeout = 0; BEGIN IMMEDIATE; PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`;

/** Transactions of one process on one writer connection, one after the other. */
export interface Transactions extends Pick<Repository, 'transaction'> {
  /** Runs what the writer connection has to do outside of a transaction, when none is open. */
  alone<T>(work: () => T): Promise<T>;
  /**
   * Called before a read outside of them. Throws inside one, where reads go through `tx`. For a database whose reads share
   * the writer's connection it resolves when no transaction is open; null = none is.
   */
  beforeRead(): Promise<void> | null;
}

/**
 * Makes the transactions. `connection` returns the writer, or throws; `tx` are its stores. A transaction that is still open
 * when the event loop continues awaited something other than its stores: it is rolled back, since every writer waits for it.
 */
export function createTransactions(connection: () => Connection, path: string, tx: Tx): Transactions {
  const inside = new AsyncLocalStorage<true>();
  let last: Promise<unknown> = Promise.resolve();
  let open = 0;

  async function perform<T>(work: (tx: Tx) => Promise<T>, maxWaitMs: number | undefined): Promise<T> {
    const { db, presence } = connection();
    await whenUnlocked(() => {
      presence.check();
      try {
        db.exec(BEGIN);
      } catch (error) {
        db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
        throw explained(error, path, presence);
      }
    }, maxWaitMs);
    const late = { is: false };
    const check = setImmediate(() => {
      late.is = true;
      db.exec('ROLLBACK');
    });
    try {
      const result = await inside.run(true, () => work(tx));
      if (late.is) throw new AbpError('internal', 'A transaction awaited something other than its own stores.');
      clearImmediate(check);
      presence.check();
      db.exec('COMMIT');
      return result;
    } catch (error) {
      clearImmediate(check);
      // SQLite has rolled back by itself on a full disk.
      if (db.inTransaction) db.exec('ROLLBACK');
      throw explained(error, path, presence);
    }
  }

  function inTurn<T>(perform: () => Promise<T>): Promise<T> {
    open += 1;
    const done = last.then(perform).finally(() => {
      open -= 1;
    });
    last = done.catch(() => undefined);
    return done;
  }

  return {
    alone: (work) => inTurn(() => attempt(work)),
    transaction(_scope, work, { maxWaitMs } = {}) {
      if (inside.getStore()) {
        return Promise.reject(new AbpError('internal', 'A write transaction was opened inside another one.'));
      }
      return inTurn(() => perform(work, maxWaitMs));
    },
    beforeRead() {
      if (inside.getStore()) throw new AbpError('internal', 'A read inside a transaction did not go through it.');
      return path === ':memory:' && open > 0 ? last.then(() => undefined) : null;
    },
  };
}
