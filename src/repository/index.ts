import type { Clock } from '../domain/clock.ts';
import type { Dispatcher } from '../domain/dispatcher.ts';
import type { ProcessIdentity } from '../domain/lease.ts';
import type { Repository } from '../domain/repository.ts';
import { createApprovalStore } from './approvals.ts';
import { createAttemptStore } from './attempts.ts';
import { createDispatcher } from './dispatcher.ts';
import { createEventStore } from './events.ts';
import { createGateStore } from './gates.ts';
import { createJobStore } from './jobs.ts';
import { createLeaseStore } from './leases.ts';
import { createMaintenance } from './maintenance.ts';
import { openDatabase } from './open.ts';
import { createTotals } from './totals.ts';
import { createTransaction } from './transaction.ts';
import { createUnitStore } from './units.ts';

/** Ledger and dispatcher on one SQLite file. */
export interface Store {
  readonly repository: Repository;
  readonly dispatcher: Dispatcher;
}

/**
 * Opens (or makes) the store at an absolute path or `:memory:`. `isDead` says whether a recorded process is certainly gone:
 * only then may its job be passed over by a migration, and its slots go to other jobs. Errors: see openDatabase.
 */
export function openStore(
  path: string,
  clock: Clock,
  isDead: (process: ProcessIdentity) => boolean = () => false,
): Store {
  const db = openDatabase(path, isDead);
  const repository: Repository = {
    path,
    jobs: createJobStore(db, clock),
    units: createUnitStore(db),
    attempts: createAttemptStore(db),
    events: createEventStore(db, clock),
    leases: createLeaseStore(db, clock),
    gates: createGateStore(db),
    approvals: createApprovalStore(db, clock),
    totals: createTotals(db),
    maintenance: createMaintenance(db, path),
    transaction: createTransaction(db),
    changeCounter: () => db.pragma('data_version', { simple: true }) as number,
    close: () => db.close(),
  };
  return { repository, dispatcher: createDispatcher(db, clock, isDead) };
}
