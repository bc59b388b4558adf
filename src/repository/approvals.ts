import type Database from 'better-sqlite3';
import type { Approval, ApprovalStore } from '../domain/approval.ts';
import type { Clock } from '../domain/clock.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Power } from '../domain/power.ts';
import type { ApprovalsTable } from './schema.ts';
import { allRows, query, runWrite, statement } from './statement.ts';

const toApproval = (row: ApprovalsTable): Approval => ({
  definition: row.definition,
  about: row.about as Approval['about'],
  title: row.title,
  powers: JSON.parse(row.powers) as Power[],
  files: JSON.parse(row.files) as Record<string, string | null>,
  source: row.source === null ? null : (JSON.parse(row.source) as JsonObject),
  requestedAt: row.requested_at,
  approvedAt: row.approved_at,
  approvedBy: row.approved_by,
  revokedAt: row.revoked_at,
  discardedAt: row.discarded_at,
});

/** What persons approved, on SQLite. */
export function createApprovalStore(db: Database.Database, clock: Clock): ApprovalStore {
  // Asked before every run of a job that needs one.
  const one = statement(db, (p: { definition: string }) =>
    query.selectFrom('approvals').selectAll().where('definition', '=', p.definition),
  );
  const all = query.selectFrom('approvals').selectAll();
  return {
    get(definition) {
      const row = one.get({ definition });
      return row ? toApproval(row) : null;
    },
    list: (limit) =>
      allRows(db, all.orderBy('requested_at', 'desc').orderBy('definition').limit(limit)).map(toApproval),
    startingWith: (prefix) =>
      allRows(
        db,
        all.where('definition', '>=', prefix).where('definition', '<', `${prefix}g`).orderBy('definition').limit(10),
      ).map(toApproval),
    request(_tx, { definition, about, title, powers, files, source }) {
      runWrite(
        db,
        query
          .insertInto('approvals')
          .values({
            definition,
            about,
            title,
            powers: JSON.stringify(powers),
            files: JSON.stringify(files),
            source: source === null ? null : JSON.stringify(source),
            requested_at: clock.now(),
            approved_at: null,
            approved_by: null,
            revoked_at: null,
            discarded_at: null,
          })
          .onConflict((conflict) => conflict.column('definition').doNothing()),
      );
    },
    approve: (_tx, definition, by) => {
      const set = { approved_at: clock.now(), approved_by: by, revoked_at: null, discarded_at: null };
      const changed = runWrite(db, query.updateTable('approvals').set(set).where('definition', '=', definition));
      return changed === 1 ? 'approved' : 'unknown';
    },
    discard(_tx, definition) {
      const set = { discarded_at: clock.now() };
      runWrite(db, query.updateTable('approvals').set(set).where('definition', '=', definition));
    },
    revoke: (_tx, definition) => {
      const changed = runWrite(
        db,
        query
          .updateTable('approvals')
          .set({ revoked_at: clock.now() })
          .where('definition', '=', definition)
          .where('approved_at', 'is not', null)
          .where('revoked_at', 'is', null),
      );
      return changed === 1 ? 'revoked' : 'unchanged';
    },
  };
}
