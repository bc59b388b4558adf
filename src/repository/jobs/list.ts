import type Database from 'better-sqlite3';
import { sql } from 'kysely';
import type { JobStore } from '../../ports/job-store.ts';
import type { Sync } from '../promised.ts';
import { toJob } from '../rows.ts';
import { allRows, query } from '../statement.ts';

/** Makes the list of jobs on SQLite, newest first, page by page. */
export function createJobList(db: Database.Database): Sync<JobStore>['list'] {
  return ({ statuses, search, limit, after }) => {
    let matching = query.selectFrom('jobs').where('deleting', '=', 0);
    // A job that is still being enumerated is seen only by its id.
    matching = statuses ? matching.where('status', 'in', [...statuses]) : matching.where('status', '!=', 'enumerating');
    if (search) {
      const like = `%${search.replaceAll(/[\\%_]/g, '\\$&')}%`;
      matching = matching.where(
        sql<boolean>`(name LIKE ${like} ESCAPE '\\' OR job_id LIKE ${like} ESCAPE '\\' OR request_id = ${search})`,
      );
    }
    const total =
      allRows(
        db,
        matching.select((eb) => eb.fn.countAll<number>().as('n')),
      )[0]?.n ?? 0;
    let page = matching.selectAll().orderBy('created_at', 'desc').orderBy('job_id', 'desc').limit(limit);
    if (after !== undefined) {
      page = page.where(sql<boolean>`(created_at, job_id) < (${after.createdAt}, ${after.jobId})`);
    }
    return { jobs: allRows(db, page).map(toJob), total };
  };
}
