import type Database from 'better-sqlite3';
import type { Clock } from '../domain/clock.ts';
import type { ApprovalStore, CodeApproval } from '../domain/repository.ts';
import type { CodeApprovalsTable } from './schema.ts';
import { allRows, query, runWrite } from './statement.ts';

const toApproval = (row: CodeApprovalsTable): CodeApproval => ({
  sha256: row.sha256,
  code: row.code,
  requestedAt: row.requested_at,
  approvedAt: row.approved_at,
  approvedBy: row.approved_by,
});

/** Approvals of dynamic code on SQLite, by the SHA-256 of the very text. */
export function createApprovalStore(db: Database.Database, clock: Clock): ApprovalStore {
  const all = query.selectFrom('code_approvals').selectAll();
  return {
    get(sha256) {
      const row = allRows<CodeApprovalsTable>(db, all.where('sha256', '=', sha256))[0];
      return row ? toApproval(row) : null;
    },
    pending: () =>
      allRows<CodeApprovalsTable>(db, all.where('approved_at', 'is', null).orderBy('requested_at')).map(toApproval),
    request(_tx, sha256, code) {
      runWrite(
        db,
        query
          .insertInto('code_approvals')
          .values({ sha256, code, requested_at: clock.now(), approved_at: null, approved_by: null })
          .onConflict((conflict) => conflict.column('sha256').doNothing()),
      );
    },
    approve: (_tx, sha256, by) =>
      runWrite(
        db,
        query
          .updateTable('code_approvals')
          .set({ approved_at: clock.now(), approved_by: by })
          .where('sha256', '=', sha256)
          .where('approved_at', 'is', null),
      ) === 1,
  };
}
