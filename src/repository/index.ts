import type Database from 'better-sqlite3';
import type { Handle } from '../domain/attempt.ts';
import type { ProcessIdentity } from '../domain/lease.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventFeed } from '../ports/event-feed.ts';
import type { Maintenance } from '../ports/maintenance.ts';
import type { Repository, Tx } from '../ports/repository.ts';
import { createApprovalStore } from './approvals.ts';
import { createAttemptStore } from './attempts/index.ts';
import { createDispatcher } from './dispatcher/index.ts';
import { createEventFeed } from './event-feed.ts';
import { createEventStore } from './events.ts';
import { createJobStore } from './jobs/index.ts';
import { createLeaseStore } from './leases.ts';
import { createMaintenance } from './maintenance.ts';
import { type Connection, openDatabase, openWritable } from './open.ts';
import { attempt, promised, type Sync } from './promised.ts';
import { createQuotaStore } from './quotas.ts';
import { createSourceKeys } from './source-keys.ts';
import { createTotals } from './totals.ts';
import { createTransactions } from './transaction.ts';
import { createUnitStore } from './units/index.ts';

export { whenUnlocked } from './when-unlocked.ts';

/** Repository and event feed on one SQLite file. */
export interface Store {
  readonly repository: Repository;
  readonly feed: EventFeed;
}

/**
 * Opens (or makes) the store at an absolute path or `:memory:`. `isDead` says whether a recorded process is certainly gone:
 * only then may its job be passed over by a migration, and its slots go to other jobs. `isGone` says the same of the run
 * of a handle, whose slot is free then. A store that can only be read is opened for that; each write then tries whether
 * it can be written by now. Errors: see openDatabase.
 */
export function openStore(
  path: string,
  clock: Clock,
  isDead: (process: ProcessIdentity) => boolean = () => false,
  isGone: (handle: Handle) => boolean = () => false,
): Store {
  const opened = [openDatabase(path, isDead)] as [Connection, ...Connection[]];
  const on = (db: Database.Database) => storesOn(db, clock, isDead, isGone);
  const partsOf = ({ db, reader }: Connection) => ({
    writes: on(db),
    reads: on(reader),
    upkeep: createMaintenance(db, path),
    access: {
      totals: createTotals(reader),
      commits: commitCounter(db, reader),
    },
  });
  const parts = partsOf(opened[0]);

  /** Replaces the connection in place, so that callers keep the stores that they hold. */
  function writable(): Connection {
    if (opened[0].unwritable === null) return opened[0];
    opened.unshift(openWritable(path, isDead));
    const fresh = partsOf(opened[0]);
    for (const kind of ['writes', 'reads'] as const) {
      for (const name of Object.keys(fresh[kind]) as (keyof Stores)[])
        Object.assign(parts[kind][name], fresh[kind][name]);
    }
    Object.assign(parts.upkeep, fresh.upkeep);
    Object.assign(parts.access, fresh.access);
    return opened[0];
  }

  const { run, alone, beforeRead, beforeWrite, close } = createTransactions(writable, path);
  const tx = asynchronous(parts.writes, beforeWrite);
  const { upkeep } = parts;
  const maintenance: Maintenance = {
    ...upkeep,
    size: () => alone(() => upkeep.size()),
    vacuum: (pages) => run(() => attempt(() => upkeep.vacuum(pages))),
    checkpoint: () => alone(() => upkeep.checkpoint()),
    integrityCheck: () => alone(() => upkeep.integrityCheck()),
    mergeLog: () => alone(() => upkeep.mergeLog()),
  };
  const repository: Repository = {
    path,
    ...asynchronous(parts.reads, beforeRead),
    maintenance,
    async totals() {
      await beforeRead();
      return parts.access.totals();
    },
    transaction: (_scope, work, { maxWaitMs } = {}) => run(() => work(tx), maxWaitMs),
    sourceKeys: createSourceKeys,
    close() {
      close();
      // A connection that cannot write closes last: it needs no disk space to merge the log.
      for (const connection of opened) connection.close();
    },
  };
  return { repository, feed: createEventFeed(() => parts.access.commits(), clock) };
}

/** Makes a function whose number grows with the commits of other connections and the changes of the writer. */
function commitCounter(db: Database.Database, reader: Database.Database): () => number {
  const foreignCommits = reader.prepare<[], number>('PRAGMA data_version').pluck();
  const ownChanges = db.prepare<[], number>('SELECT total_changes()').pluck();
  return () => (foreignCommits.get() ?? 0) + (ownChanges.get() ?? 0);
}

/** Stores of one connection, which answer at once. */
type Stores = { readonly [Name in keyof Tx]: Sync<Tx[Name]> };

function storesOn(
  db: Database.Database,
  clock: Clock,
  isDead: (process: ProcessIdentity) => boolean,
  isGone: (handle: Handle) => boolean,
): Stores {
  return {
    jobs: createJobStore(db, clock),
    units: createUnitStore(db),
    attempts: createAttemptStore(db),
    events: createEventStore(db, clock),
    leases: createLeaseStore(db, clock),
    quotas: createQuotaStore(db),
    approvals: createApprovalStore(db, clock),
    dispatcher: createDispatcher(db, clock, isDead, isGone),
  };
}

function asynchronous(stores: Stores, before: () => Promise<void> | null): Tx {
  return {
    jobs: promised(stores.jobs, before),
    units: promised(stores.units, before),
    attempts: promised(stores.attempts, before),
    events: promised(stores.events, before),
    leases: promised(stores.leases, before),
    quotas: promised(stores.quotas, before),
    approvals: promised(stores.approvals, before),
    dispatcher: promised(stores.dispatcher, before),
  };
}
