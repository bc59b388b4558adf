import type Database from 'better-sqlite3';
import type { JobStore } from '../../ports/job-store.ts';
import type { Sync } from '../promised.ts';
import { allRows, query, runWrite } from '../statement.ts';

/** Tables that hold a job's rows, children first, each with what names one row within its job. */
const TABLES_OF_A_JOB: readonly (readonly [table: string, key: string])[] = [
  ['events', 'seq'],
  ['results', 'scope, idx, step'],
  ['attempts', 'scope, idx, attempt'],
  ['unit_keys', 'key'],
  ['units', 'scope, idx'],
  ['unit_counts', 'scope, step, status, failure_class'],
  ['step_totals', 'scope, step'],
  ['leases', 'epoch'],
  ['job_revisions', 'revision'],
  ['jobs', 'job_id'],
];

/** Deletes jobs on SQLite, a few rows a transaction. */
export function createDeletion(
  db: Database.Database,
): Pick<Sync<JobStore>, 'markDeleting' | 'deleteChunk' | 'deleting'> {
  return {
    markDeleting(jobId) {
      runWrite(db, query.updateTable('jobs').set({ deleting: 1 }).where('job_id', '=', jobId));
    },
    deleteChunk(jobId, rows) {
      let left = rows;
      for (const [table, key] of TABLES_OF_A_JOB) {
        left -= db
          .prepare(
            `DELETE FROM ${table} WHERE (job_id, ${key}) IN (SELECT job_id, ${key} FROM ${table} WHERE job_id = ? LIMIT ?)`,
          )
          .run(jobId, left).changes;
        if (left <= 0) break;
      }
      return left > 0 ? 'deleted' : 'left';
    },
    deleting: () =>
      allRows(db, query.selectFrom('jobs').select('job_id').where('deleting', '=', 1)).map((row) => row.job_id),
  };
}
