import type Database from 'better-sqlite3';
import type { UnitStore } from '../ports/repository.ts';

/** The two indexes by which a long table can be entered anywhere, and what narrows the units to its rows. */
const WAYS = {
  status: 'units INDEXED BY units_by_status WHERE job_id = @jobId AND stage = @stage AND status = @status',
  class:
    'units INDEXED BY units_by_class WHERE job_id = @jobId AND stage = @stage AND failure_class = @failureClass AND status = @status',
} as const;

/**
 * Any page of the table of a job's units in one status. SQLite walks over the rows it skips, in an index that holds
 * nothing else; from whichever end is nearer.
 */
export function createUnitSlice(db: Database.Database): UnitStore['slice'] {
  const walk = (way: keyof typeof WAYS) => {
    const prepare = (order: 'ASC' | 'DESC') =>
      db
        .prepare<[object], number>(`SELECT idx FROM ${WAYS[way]} ORDER BY idx ${order} LIMIT @limit OFFSET @offset`)
        .pluck();
    return { forwards: prepare('ASC'), backwards: prepare('DESC') };
  };
  const ways = { status: walk('status'), class: walk('class') };
  const count = db
    .prepare<[object], number>(
      `SELECT ifnull(sum(count), 0) FROM unit_counts WHERE job_id = @jobId AND stage = @stage AND status = @status
         AND (@failureClass IS NULL OR failure_class = @failureClass)`,
    )
    .pluck();

  return (jobId, { status, failureClass = null }, offset, limit) => {
    const rows = { jobId, stage: 'main', status, failureClass };
    const total = count.get(rows) ?? 0;
    const length = Math.max(0, Math.min(limit, total - offset));
    const { forwards, backwards } = ways[failureClass === null ? 'status' : 'class'];
    if (offset * 2 <= total) return { total, indexes: forwards.all({ ...rows, offset, limit: length }) };
    const behind = Math.max(0, total - offset - length);
    return { total, indexes: backwards.all({ ...rows, offset: behind, limit: length }).reverse() };
  };
}
