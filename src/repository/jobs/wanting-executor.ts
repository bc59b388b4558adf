import type Database from 'better-sqlite3';
import { sql } from 'kysely';
import { EXECUTING } from '../../domain/job.ts';
import type { JobStore } from '../../ports/job-store.ts';
import type { Sync } from '../promised.ts';
import { toJob } from '../rows.ts';
import type { JobsTable } from '../schema.ts';
import { query, statement } from '../statement.ts';

/** Finds the jobs on SQLite that need an executor by their rows. */
export function createWantingExecutor(db: Database.Database): Sync<JobStore>['wantingExecutor'] {
  const wanting = statement<object, JobsTable>(db, () =>
    query
      .selectFrom('jobs')
      .selectAll()
      .where('deleting', '=', sql.lit(0))
      .where(
        'job_id',
        'in',
        query
          .selectFrom('jobs')
          .select('job_id')
          .where('status', 'in', [...EXECUTING, 'paused'].map(sql.lit<string>))
          .where(
            sql<boolean>`(status != 'testing' OR test ->> 'state' = 'running') AND (status != 'paused' OR pause_reason = 'usage_limit')`,
          )
          .union(query.selectFrom('attempts').select('job_id').where('status', '=', sql.lit('running')))
          .union(
            query
              .selectFrom('jobs')
              .select('job_id')
              .where(sql<boolean>`output_state ->> 'state' = 'due'`)
              .where('status', 'in', ['completed', 'failed'].map(sql.lit<string>)),
          )
          .union(
            query
              .selectFrom('jobs')
              .innerJoin('unit_counts', 'unit_counts.job_id', 'jobs.job_id')
              .select('jobs.job_id')
              .where('jobs.status', '=', sql.lit('cancelled'))
              .where('unit_counts.status', '=', sql.lit('pending'))
              .where('unit_counts.count', '>', sql.lit(0)),
          ),
      )
      .orderBy('created_at'),
  );
  return () => wanting.all({}).map(toJob);
}
