import type Database from 'better-sqlite3';
import type { Approval } from '../domain/approval.ts';
import { highestTerms, type Terms } from '../domain/limits.ts';
import type { Power } from '../domain/power.ts';
import type { ApprovalStore } from '../ports/approval-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { Sync } from './promised.ts';
import type { ApprovalsTable } from './schema.ts';
import { allRows, query, runWrite, statement } from './statement.ts';

const toApproval = (row: ApprovalsTable): Approval => ({
  definition: row.definition,
  about: row.about as Approval['about'],
  title: row.title,
  powers: JSON.parse(row.powers) as Power[],
  files: JSON.parse(row.files) as Record<string, string | null>,
  source: row.source === null ? null : (JSON.parse(row.source) as Approval['source']),
  requestedAt: row.requested_at,
  approvedAt: row.approved_at,
  approvedBy: row.approved_by,
  revokedAt: row.revoked_at,
  terms: row.terms === null ? null : (JSON.parse(row.terms) as Terms),
  testedAt: row.tested_at,
});

type Asked = Parameters<ApprovalStore['request']>[0];

const rowOf = ({ definition, about, title, powers, files, source }: Asked, requestedAt: number): ApprovalsTable => ({
  definition,
  about,
  title,
  powers: JSON.stringify(powers),
  files: JSON.stringify(files),
  source: source === null ? null : JSON.stringify(source),
  requested_at: requestedAt,
  approved_at: null,
  approved_by: null,
  revoked_at: null,
  terms: null,
  tested_at: null,
});

/** What persons approved, on SQLite. */
export function createApprovalStore(db: Database.Database, clock: Clock): Sync<ApprovalStore> {
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
    request(asked) {
      const insert = query.insertInto('approvals').values(rowOf(asked, clock.now()));
      runWrite(
        db,
        insert.onConflict((conflict) => conflict.column('definition').doNothing()),
      );
    },
    approve(definition, by, terms) {
      const row = one.get({ definition });
      if (!row) return 'unknown';
      const before = row.revoked_at === null ? row.terms : null;
      const set = { approved_at: clock.now(), approved_by: by, revoked_at: null, terms: before, tested_at: null };
      runWrite(db, query.updateTable('approvals').set(set).where('definition', '=', definition));
      if (terms !== null) this.agree(definition, terms);
      return 'approved';
    },
    agree(definition, terms) {
      const before = this.get(definition)?.terms ?? null;
      const agreed = JSON.stringify(before === null ? terms : highestTerms(before, terms));
      runWrite(db, query.updateTable('approvals').set({ terms: agreed }).where('definition', '=', definition));
    },
    beginTest(definition) {
      const changed = runWrite(
        db,
        query
          .updateTable('approvals')
          .set({ tested_at: clock.now() })
          .where('definition', '=', definition)
          .where('approved_at', 'is not', null)
          .where('revoked_at', 'is', null)
          .where('tested_at', 'is', null),
      );
      return changed === 1 ? 'begun' : 'conflict';
    },
    endTest(definition) {
      runWrite(db, query.updateTable('approvals').set({ tested_at: null }).where('definition', '=', definition));
    },
    revoke: (definition) => {
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
