import type Database from 'better-sqlite3';
import type { UnitStore } from '../../ports/repository.ts';
import type { Sync } from '../promised.ts';

/** The two filters by which a long table is read, each with an index of its own. */
const FILTERS = {
  status: 'status = @status',
  class: 'failure_class = @failureClass AND status = @status',
} as const;

/**
 * Reads any page of the table of a job's units in one status. SQLite walks over the rows that it skips, from the nearer end
 * of the index (measured in docs/decisions/0009-unit-table.md).
 */
export function createUnitSlice(db: Database.Database): Sync<UnitStore>['slice'] {
  const walk = (filter: string) => {
    const prepare = (order: 'ASC' | 'DESC') =>
      db
        .prepare<[object], number>(
          `SELECT idx FROM units WHERE job_id = @jobId AND scope = @scope AND ${filter}
           ORDER BY idx ${order} LIMIT @limit OFFSET @offset`,
        )
        .pluck();
    return { forwards: prepare('ASC'), backwards: prepare('DESC') };
  };
  const walks = { status: walk(FILTERS.status), class: walk(FILTERS.class) };
  const count = db
    .prepare<[object], number>(
      `SELECT ifnull(sum(count), 0) FROM unit_counts WHERE job_id = @jobId AND scope = @scope AND status = @status
         AND (@failureClass IS NULL OR failure_class = @failureClass)`,
    )
    .pluck();

  return (jobId, { status, failureClass = null }, offset, limit) => {
    const rows = { jobId, scope: 'unit', status, failureClass };
    const total = count.get(rows) ?? 0;
    const length = Math.max(0, Math.min(limit, total - offset));
    const { forwards, backwards } = walks[failureClass === null ? 'status' : 'class'];
    if (offset * 2 <= total) return { total, indexes: forwards.all({ ...rows, offset, limit: length }) };
    const after = Math.max(0, total - offset - length);
    return { total, indexes: backwards.all({ ...rows, offset: after, limit: length }).reverse() };
  };
}
