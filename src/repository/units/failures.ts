import type Database from 'better-sqlite3';
import { sql } from 'kysely';
import type { FailureClass } from '../../domain/failure.ts';
import type { FailureCount, UnitStore } from '../../ports/repository.ts';
import type { Sync } from '../promised.ts';
import { query, statement } from '../statement.ts';

/** Failed units on SQLite: how many of each class, by the counts of each step, and the first ones. */
export function createUnitFailures(
  db: Database.Database,
  stepCounts: Sync<UnitStore>['stepCounts'],
): Pick<Sync<UnitStore>, 'failures' | 'failed'> {
  const firstFailed = statement(db, (p: { jobId: string; failureClass: string }) =>
    query
      .selectFrom('units')
      .select(['idx', 'failure_message'])
      .where('job_id', '=', p.jobId)
      .where('scope', '=', sql.lit('unit'))
      .where('failure_class', '=', p.failureClass)
      .where('status', '=', sql.lit('failed'))
      .orderBy('idx')
      .limit(sql.lit(1)),
  );
  const failed = statement(db, (p: { jobId: string; limit: number }) =>
    query
      .selectFrom('units')
      .select(['idx', 'failure_class', 'failure_message'])
      .where('job_id', '=', p.jobId)
      .where('scope', '=', sql.lit('unit'))
      .where('status', '=', sql.lit('failed'))
      .orderBy('idx')
      .limit(p.limit),
  );

  return {
    failures(jobId) {
      const byClass = new Map<FailureClass, number>();
      for (const { status, failureClass, count } of stepCounts(jobId)) {
        if (status !== 'failed' || failureClass === null) continue;
        byClass.set(failureClass, (byClass.get(failureClass) ?? 0) + count);
      }
      return [...byClass]
        .sort(([, a], [, b]) => b - a)
        .map(([failureClass, count]): FailureCount => {
          const first = firstFailed.get({ jobId, failureClass });
          return {
            failureClass,
            count,
            example: first ? { index: first.idx, message: first.failure_message ?? '' } : null,
          };
        });
    },
    failed: (jobId, limit) =>
      failed.all({ jobId, limit }).map((row) => ({
        index: row.idx,
        failureClass: (row.failure_class ?? 'agent_error') as FailureClass,
        message: row.failure_message ?? '',
      })),
  };
}
