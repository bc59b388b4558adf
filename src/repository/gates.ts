import type Database from 'better-sqlite3';
import { sql } from 'kysely';
import type { GateStore } from '../domain/repository.ts';
import { query, runWrite, statement } from './statement.ts';

/** Closed quota windows on SQLite, one row a worker type, seen by every executor of the store. */
export function createGateStore(db: Database.Database): GateStore {
  const get = statement(db, (p: { type: string }) =>
    query.selectFrom('worker_gates').selectAll().where('type', '=', p.type),
  );
  return {
    get(type) {
      const row = get.get({ type });
      return row ? { type: row.type, closedUntil: row.closed_until, reason: row.reason } : null;
    },
    close(_tx, gate) {
      runWrite(
        db,
        query
          .insertInto('worker_gates')
          .values({ type: gate.type, closed_until: gate.closedUntil, reason: gate.reason })
          .onConflict((conflict) =>
            conflict.column('type').doUpdateSet({
              closed_until: sql<number>`max(closed_until, excluded.closed_until)`,
              reason: sql<string>`iif(excluded.closed_until >= closed_until, excluded.reason, reason)`,
            }),
          ),
      );
    },
    open(_tx, type) {
      runWrite(db, query.deleteFrom('worker_gates').where('type', '=', type));
    },
  };
}
