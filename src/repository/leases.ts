import type Database from 'better-sqlite3';
import { sql } from 'kysely';
import type { LeaseToken } from '../domain/lease.ts';
import type { Clock } from '../ports/clock.ts';
import type { LeaseStore } from '../ports/repository.ts';
import type { Sync } from './promised.ts';
import { toLease } from './rows.ts';
import { query, statement } from './statement.ts';

/** Leases on SQLite: each claim is a compare-and-set on epoch and heartbeat, so that of many only one succeeds. */
export function createLeaseStore(db: Database.Database, clock: Clock): Sync<LeaseStore> {
  const get = statement(db, (p: { jobId: string }) =>
    query.selectFrom('leases').selectAll().where('job_id', '=', p.jobId),
  );
  const held = statement(db, () => query.selectFrom('leases').selectAll().where('released', '=', sql.lit(0)));
  const beat = statement(db, (p: LeaseToken) =>
    query
      .updateTable('leases')
      .set((eb) => ({ heartbeat: eb('heartbeat', '+', 1) }))
      .where('job_id', '=', p.jobId)
      .where('epoch', '=', p.epoch)
      .where('owner', '=', p.owner)
      .where('released', '=', sql.lit(0)),
  );
  const holds = statement(db, (p: LeaseToken) =>
    query
      .selectFrom('leases')
      .select('epoch')
      .where('job_id', '=', p.jobId)
      .where('epoch', '=', p.epoch)
      .where('owner', '=', p.owner)
      .where('released', '=', sql.lit(0)),
  );
  const release = statement(db, (p: LeaseToken) =>
    query
      .updateTable('leases')
      .set({ released: 1 })
      .where('job_id', '=', p.jobId)
      .where('epoch', '=', p.epoch)
      .where('owner', '=', p.owner)
      .where('released', '=', sql.lit(0)),
  );
  const acquire = db.prepare(
    `INSERT INTO leases (job_id, epoch, owner, pid, pid_started_at, boot_id, machine_id, heartbeat, lease_ms, acquired_at, released)
     VALUES (@jobId, 1, @owner, @pid, @startedAt, @bootId, @machineId, 0, @leaseMs, @now, 0)
     ON CONFLICT (job_id) DO UPDATE SET epoch = epoch + 1, owner = excluded.owner, pid = excluded.pid,
       pid_started_at = excluded.pid_started_at, boot_id = excluded.boot_id, machine_id = excluded.machine_id, heartbeat = 0,
       lease_ms = excluded.lease_ms, acquired_at = excluded.acquired_at, released = 0
     WHERE released = 1 OR (epoch = @overEpoch AND heartbeat = @overHeartbeat)
     RETURNING epoch`,
  );

  return {
    get(jobId) {
      const row = get.get({ jobId });
      return row ? toLease(row) : null;
    },
    held: () => held.all({}).map(toLease),
    acquire(claim, over) {
      const row = acquire.get({
        ...claim,
        now: clock.now(),
        overEpoch: over?.epoch ?? -1,
        overHeartbeat: over?.heartbeat ?? -1,
      }) as { epoch: number } | undefined;
      return row ? { jobId: claim.jobId, epoch: row.epoch, owner: claim.owner } : null;
    },
    beat: (token) => (beat.run(token) === 1 ? 'held' : 'lost'),
    holds: (token) => holds.get(token) !== undefined,
    release: (token) => (release.run(token) === 1 ? 'released' : 'lost'),
  };
}
