import type { ProcessIdentity } from '../domain/lease.ts';
import type { Clock } from '../ports/clock.ts';
import type { Dispatcher } from '../ports/dispatcher.ts';
import type { EventFeed } from '../ports/event-feed.ts';
import type { Repository } from '../ports/repository.ts';
import { createApprovalStore } from './approvals.ts';
import { createAttemptStore } from './attempts.ts';
import { createDispatcher } from './dispatcher.ts';
import { createEventFeed } from './event-feed.ts';
import { createEventStore } from './events.ts';
import { createJobStore } from './jobs.ts';
import { createLeaseStore } from './leases.ts';
import { createMaintenance } from './maintenance.ts';
import { type Connection, openDatabase, openWritable } from './open.ts';
import { createQuotaStore } from './quotas.ts';
import { createTotals } from './totals.ts';
import { createTransaction } from './transaction.ts';
import { createUnitStore } from './units.ts';

export { whenUnlocked } from './turn.ts';

/** Repository, dispatcher and event feed on one SQLite file. */
export interface Store {
  readonly repository: Repository;
  readonly dispatcher: Dispatcher;
  readonly feed: EventFeed;
}

/**
 * Opens (or makes) the store at an absolute path or `:memory:`. `isDead` says whether a recorded process is certainly gone:
 * only then may its job be passed over by a migration, and its slots go to other jobs. A store that can only be read is
 * opened for that; each write then tries whether it can be written by now. Errors: see openDatabase.
 */
export function openStore(
  path: string,
  clock: Clock,
  isDead: (process: ProcessIdentity) => boolean = () => false,
): Store {
  const opened = [openDatabase(path, isDead)] as [Connection, ...Connection[]];
  const present = () => opened[0];
  const parts = partsOn(present(), path, clock, isDead);

  /** Replaces the connection in place, so that callers keep the stores that they hold. */
  function requireWritable(): void {
    if (present().unwritable === null) return;
    opened.unshift(openWritable(path, isDead));
    const fresh = partsOn(present(), path, clock, isDead);
    for (const name of Object.keys(fresh) as (keyof typeof fresh)[]) Object.assign(parts[name], fresh[name]);
  }

  const { dispatcher, access, ...stores } = parts;
  const repository: Repository = {
    path,
    ...stores,
    totals: () => access.totals(),
    transaction(work) {
      requireWritable();
      return access.transaction(work);
    },
    turn(maxWaitMs) {
      try {
        requireWritable();
      } catch {
        // There is no turn to wait for; the write that follows throws the reason.
        return null;
      }
      return access.turn(maxWaitMs);
    },
    close() {
      // A connection that cannot write closes last: it needs no disk space to merge the log.
      for (const connection of opened) connection.close();
    },
  };
  return { repository, dispatcher, feed: createEventFeed(() => access.commits(), clock) };
}

/** Everything that is made of one connection. */
function partsOn(connection: Connection, path: string, clock: Clock, isDead: (process: ProcessIdentity) => boolean) {
  const { db } = connection;
  const foreignCommits = db.prepare<[], number>('PRAGMA data_version').pluck();
  const ownChanges = db.prepare<[], number>('SELECT total_changes()').pluck();
  return {
    jobs: createJobStore(db, clock),
    units: createUnitStore(db),
    attempts: createAttemptStore(db),
    events: createEventStore(db, clock),
    leases: createLeaseStore(db, clock),
    quotas: createQuotaStore(db),
    approvals: createApprovalStore(db, clock),
    maintenance: createMaintenance(db, path),
    dispatcher: createDispatcher(db, clock, isDead),
    access: {
      totals: createTotals(db),
      ...createTransaction(connection, path),
      /** Grows with what other connections commit, and with what this one writes. */
      commits: () => (foreignCommits.get() ?? 0) + (ownChanges.get() ?? 0),
    },
  };
}
