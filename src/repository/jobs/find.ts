import type Database from 'better-sqlite3';
import { ENDED } from '../../domain/job.ts';
import type { JobStore } from '../../ports/job-store.ts';
import type { Sync } from '../promised.ts';
import { toJob } from '../rows.ts';
import type { JobsTable } from '../schema.ts';
import { allRows, query, statement } from '../statement.ts';

/** Finds jobs on SQLite by what names them: id, approved definition, request, batch file. */
export function createJobFinders(
  db: Database.Database,
): Pick<Sync<JobStore>, 'get' | 'approvedAs' | 'ofRequest' | 'ofBatchFile' | 'idsWithPrefix'> {
  const get = statement<{ jobId: string }, JobsTable>(db, (p) =>
    query.selectFrom('jobs').selectAll().where('job_id', '=', p.jobId).where('deleting', '=', 0),
  );
  return {
    get(jobId) {
      const row = get.get({ jobId });
      return row ? toJob(row) : null;
    },
    approvedAs: (definition) =>
      allRows(
        db,
        query.selectFrom('jobs').selectAll().where('approved_definition', '=', definition).where('deleting', '=', 0),
      ).map(toJob),
    ofRequest(requestId) {
      const [row] = allRows(
        db,
        query.selectFrom('jobs').selectAll().where('request_id', '=', requestId).where('deleting', '=', 0),
      );
      return row ? toJob(row) : null;
    },
    ofBatchFile: (path) =>
      allRows(
        db,
        query
          .selectFrom('jobs')
          .selectAll()
          .where('batch_file', '=', path)
          .where('deleting', '=', 0)
          .where('status', 'not in', [...ENDED])
          .orderBy('created_at', 'desc'),
      ).map(toJob),
    idsWithPrefix(prefix) {
      const rows = allRows(
        db,
        query
          .selectFrom('jobs')
          .select('job_id')
          .where('job_id', '>=', prefix)
          .where('job_id', '<', `${prefix}\u{10ffff}`)
          .where('deleting', '=', 0)
          .orderBy('job_id')
          .limit(10),
      );
      return rows.map((row) => row.job_id);
    },
  };
}
