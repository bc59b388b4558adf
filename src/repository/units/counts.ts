import type Database from 'better-sqlite3';
import type { FailureClass } from '../../domain/failure.ts';
import { UNIT_STATUSES, type UnitCounts, type UnitStatus } from '../../domain/unit.ts';
import type { UnitStore } from '../../ports/repository.ts';
import type { Sync } from '../promised.ts';
import { query, statement } from '../statement.ts';

/** Counts units on SQLite, from the counters that move with the rows. */
export function createUnitCounts(db: Database.Database): Pick<Sync<UnitStore>, 'counts' | 'stepCounts'> {
  const counts = statement(db, (p: { jobId: string; scope: string }) =>
    query
      .selectFrom('unit_counts')
      .select(['step', 'status', 'failure_class', 'count'])
      .where('job_id', '=', p.jobId)
      .where('scope', '=', p.scope)
      .where('count', '>', 0),
  );

  return {
    counts(jobId, scope = 'unit') {
      const result = { total: 0, ...Object.fromEntries(UNIT_STATUSES.map((status) => [status, 0])) } as {
        -readonly [K in keyof UnitCounts]: number;
      };
      for (const row of counts.all({ jobId, scope })) {
        result[row.status as UnitStatus] += row.count;
        result.total += row.count;
      }
      return result;
    },
    stepCounts: (jobId, scope = 'unit') =>
      counts.all({ jobId, scope }).map(({ step, status, failure_class, count }) => ({
        step,
        status: status as UnitStatus,
        failureClass: (failure_class || null) as FailureClass | null,
        count,
      })),
  };
}
