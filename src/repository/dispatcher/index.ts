import type Database from 'better-sqlite3';
import type { Handle } from '../../domain/attempt.ts';
import type { ProcessIdentity } from '../../domain/lease.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Dispatcher } from '../../ports/dispatcher.ts';
import type { Sync } from '../promised.ts';
import { createClaim } from './claim.ts';
import { createRoom } from './room.ts';
import { createSettle } from './settle.ts';

/**
 * Makes the dispatcher on the SQLite file of the store. Claim and settle are the hot path: prepared once, run many times.
 * `isDead` says whether the process of a lease is certainly gone, `isGone` a run.
 */
export function createDispatcher(
  db: Database.Database,
  clock: Clock,
  isDead: (process: ProcessIdentity) => boolean,
  isGone: (handle: Handle) => boolean,
): Sync<Dispatcher> {
  const stillMine = db.prepare(
    `SELECT 1 FROM units
     WHERE job_id = @jobId AND scope = @scope AND idx = @index AND status = 'running' AND attempt = @attempt`,
  );
  const withdraw = db.prepare(
    `UPDATE units SET status = 'cancelled' WHERE job_id = @jobId AND scope = @scope AND idx IN (
       SELECT idx FROM units WHERE job_id = @jobId AND scope = @scope AND status = 'pending' ORDER BY idx LIMIT @limit)`,
  );
  return {
    claim: createClaim(db, clock, createRoom(db, clock, isDead, isGone)),
    settle: createSettle(db, clock),
    lost: (claims) => claims.filter((claim) => stillMine.get(claim.attempt) === undefined),
    withdraw(jobId, limit) {
      let taken = withdraw.run({ jobId, scope: 'unit', limit }).changes;
      if (taken < limit) taken += withdraw.run({ jobId, scope: 'job', limit: limit - taken }).changes;
      return taken;
    },
  };
}
