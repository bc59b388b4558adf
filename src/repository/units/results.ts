import type Database from 'better-sqlite3';
import type { UnitResult } from '../../domain/attempt.ts';
import type { UnitStore } from '../../ports/repository.ts';
import type { Sync } from '../promised.ts';
import { type ExportedRow, type ResultRow, toResult } from '../rows.ts';

/** Reads the present results of units on SQLite, step by step. */
export function createUnitResults(db: Database.Database): Pick<Sync<UnitStore>, 'results' | 'resultsOf'> {
  // Callers read all units page by page: the primary key gives their order, whatever the statuses.
  const units = db.prepare<unknown[], ExportedRow>(
    `SELECT idx, key, units.status, payload, units.step, units.failure_class, failure_message, attempt,
       CASE WHEN attempt > 1 THEN (
         SELECT json_object('costUsd', round(sum(usage ->> 'costUsd'), 9), 'durationMs', sum(usage ->> 'durationMs'))
         FROM attempts AS tried
         WHERE tried.job_id = units.job_id AND tried.scope = units.scope AND tried.idx = units.idx
       ) ELSE attempts.usage END AS used
     FROM units LEFT JOIN attempts USING (job_id, scope, idx, attempt)
     WHERE job_id = @jobId AND scope = 'unit' AND idx > @after
       AND (@statuses IS NULL OR units.status IN (SELECT value FROM json_each(@statuses)))
     ORDER BY idx LIMIT @limit`,
  );
  const results = db.prepare<unknown[], ResultRow>(
    `SELECT idx, results.step, attempts.result
     FROM results JOIN attempts USING (job_id, scope, idx, attempt)
     WHERE job_id = @jobId AND scope = @scope AND idx IN (SELECT value FROM json_each(@indexes))`,
  );

  return {
    results(jobId, { statuses, after = -1 }, limit) {
      const rows = units.all({ jobId, after, limit, statuses: statuses ? JSON.stringify(statuses) : null });
      const indexes = JSON.stringify(rows.map(({ idx }) => idx));
      const byUnit = Map.groupBy(results.all({ jobId, scope: 'unit', indexes }), ({ idx }) => idx);
      return rows.map((row) => toResult(row, byUnit.get(row.idx) ?? []));
    },
    resultsOf({ jobId, scope, index }) {
      const rows = results.all({ jobId, scope, indexes: `[${index}]` });
      return new Map(rows.map(({ step, result }) => [step, JSON.parse(result) as UnitResult]));
    },
  };
}
