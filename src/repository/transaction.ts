import { AsyncLocalStorage } from 'node:async_hooks';
import { AbpError } from '../domain/error.ts';
import { explained } from './guard.ts';
import { BUSY_TIMEOUT_MS, type Connection } from './open.ts';
import { attempt } from './promised.ts';
import { createQueue } from './queue.ts';
import { MAX_WAIT_MS, whenUnlocked } from './when-unlocked.ts';

/** One exec: three calls cost four times as much. `whenUnlocked` waits for another writer without blocking the event loop. */
const BEGIN = `PRAGMA busy_timeout = 0; BEGIN IMMEDIATE; PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`;

/** Transactions of one process on one writer connection, one after the other. */
export interface Transactions {
  /** Runs `work` in a transaction; its stores check each call with `beforeWrite`. */
  run<T>(work: () => Promise<T>, maxWaitMs?: number): Promise<T>;
  /** Runs what the writer connection has to do outside of a transaction, when none is open. */
  alone<T>(work: () => T): Promise<T>;
  /** Throws unless the caller is inside a transaction that is still open. */
  beforeWrite(): null;
  /**
   * Called before a read outside of them. Throws inside one, where reads go through `tx`. For a database whose reads share
   * the writer's connection it resolves when no transaction is open; null = none is.
   */
  beforeRead(): Promise<void> | null;
  /** Refuses what is queued and what comes. */
  close(): void;
}

/**
 * Creates the transactions. `connection` returns the writer, or throws. A transaction that is still open when the event loop
 * continues awaited something other than its stores: it is rolled back, since every writer waits for it.
 */
export function createTransactions(connection: () => Connection, path: string): Transactions {
  const inside = new AsyncLocalStorage<{ isOpen: boolean }>();
  const queue = createQueue();

  async function begin(maxWaitMs: number): Promise<Connection> {
    const opened = connection();
    await whenUnlocked(() => {
      queue.requireOpen();
      opened.presence.check();
      try {
        opened.db.exec(BEGIN);
      } catch (error) {
        opened.db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
        throw explained(error, path, opened.presence);
      }
    }, maxWaitMs);
    return opened;
  }

  async function perform<T>(work: () => Promise<T>, maxWaitMs: number): Promise<T> {
    const { db, presence } = await begin(maxWaitMs);
    const token = { isOpen: true };
    // SQLite has rolled back by itself on a full disk.
    const rollBack = () => {
      token.isOpen = false;
      if (db.open && db.inTransaction) db.exec('ROLLBACK');
    };
    let check: NodeJS.Immediate | undefined;
    const late = new Promise<never>((_, reject) => {
      check = setImmediate(() => {
        rollBack();
        reject(new AbpError('internal', 'A transaction awaited something other than its own stores.'));
      });
    });
    try {
      const result = await Promise.race([inside.run(token, work), late]);
      clearImmediate(check);
      presence.check();
      token.isOpen = false;
      db.exec('COMMIT');
      return result;
    } catch (error) {
      clearImmediate(check);
      rollBack();
      throw explained(error, path, presence);
    }
  }

  function requireOutside(what: string): void {
    if (inside.getStore()?.isOpen) throw new AbpError('internal', what);
  }

  return {
    async run(work, maxWaitMs = MAX_WAIT_MS) {
      requireOutside('A write transaction was opened inside another one.');
      return queue.add((leftMs) => perform(work, leftMs), maxWaitMs);
    },
    async alone(work) {
      requireOutside('Maintenance was called inside a transaction.');
      return queue.add(() => attempt(work), Number.POSITIVE_INFINITY);
    },
    beforeWrite() {
      if (inside.getStore()?.isOpen) return null;
      throw new AbpError('internal', 'A store of a transaction was used after its end.');
    },
    beforeRead() {
      requireOutside('A read inside a transaction did not go through it.');
      return path === ':memory:' ? queue.idle() : null;
    },
    close: () => queue.close(),
  };
}
