import type Database from 'better-sqlite3';
import { sql } from 'kysely';
import type { QuotaStore } from '../ports/repository.ts';
import type { Sync } from './promised.ts';
import { query, runWrite, statement } from './statement.ts';

/** Closed quota windows on SQLite, one row a worker type, seen by every executor of the store. */
export function createQuotaStore(db: Database.Database): Sync<QuotaStore> {
  const get = statement(db, (p: { type: string }) => query.selectFrom('quotas').selectAll().where('type', '=', p.type));
  return {
    get(type) {
      const row = get.get({ type });
      return row ? { type: row.type, closedUntil: row.closed_until, reason: row.reason } : null;
    },
    close(quota) {
      runWrite(
        db,
        query
          .insertInto('quotas')
          .values({ type: quota.type, closed_until: quota.closedUntil, reason: quota.reason })
          .onConflict((conflict) =>
            conflict.column('type').doUpdateSet({
              closed_until: sql<number>`max(closed_until, excluded.closed_until)`,
              reason: sql<string>`iif(excluded.closed_until >= closed_until, excluded.reason, reason)`,
            }),
          ),
      );
    },
    open(type) {
      runWrite(db, query.deleteFrom('quotas').where('type', '=', type));
    },
  };
}
