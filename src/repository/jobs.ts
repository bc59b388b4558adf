import type Database from 'better-sqlite3';
import { sql } from 'kysely';
import { AbpError } from '../domain/error.ts';
import { ENDED, EXECUTING, jobStatusesBefore } from '../domain/job.ts';
import type { JobTally } from '../domain/rules/budget.ts';
import type { Clock } from '../ports/clock.ts';
import type { JobPatch, JobStore } from '../ports/job-store.ts';
import { createDeletion } from './deletion.ts';
import type { Sync } from './promised.ts';
import { createRevisionStore, insertRevision } from './revisions.ts';
import { toJob, toStepTally } from './rows.ts';
import type { JobsTable, StepTotalsTable } from './schema.ts';
import { allRows, query, runWrite, statement } from './statement.ts';

/** Where each field of a patch is stored, and how. */
const PATCH_COLUMNS: {
  readonly [K in keyof Required<JobPatch>]: readonly [keyof JobsTable, 'plain' | 'json' | 'flag'];
} = {
  name: ['name', 'plain'],
  pauseReason: ['pause_reason', 'plain'],
  pauseClass: ['pause_class', 'plain'],
  statusMessage: ['status_message', 'plain'],
  resumeAt: ['resume_at', 'plain'],
  pauseMode: ['pause_mode', 'plain'],
  fields: ['fields', 'json'],
  totalUnits: ['total_units', 'plain'],
  revision: ['revision', 'plain'],
  maxWorkers: ['max_workers', 'plain'],
  test: ['test', 'json'],
  passEnv: ['pass_env', 'json'],
  requireHumanApproval: ['require_human_approval', 'flag'],
  powers: ['powers', 'json'],
  approvedDefinition: ['approved_definition', 'plain'],
  redactResults: ['redact_results', 'flag'],
  output: ['output', 'json'],
  outputState: ['output_state', 'json'],
  executorsLost: ['executors_lost', 'plain'],
  startedAt: ['started_at', 'plain'],
  endedAt: ['ended_at', 'plain'],
};

function jsonOrNull(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}

function columns(patch: JobPatch): Partial<JobsTable> {
  const set: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(patch)) {
    const [column, kind] = PATCH_COLUMNS[field as keyof JobPatch];
    if (kind === 'json') set[column] = value === null ? null : JSON.stringify(value);
    else set[column] = kind === 'flag' ? Number(value) : value;
  }
  return set;
}

/** Makes the store of jobs on SQLite. */
export function createJobStore(db: Database.Database, clock: Clock): Sync<JobStore> {
  const get = statement<{ jobId: string }, JobsTable>(db, (p) =>
    query.selectFrom('jobs').selectAll().where('job_id', '=', p.jobId).where('deleting', '=', 0),
  );
  const tally = statement(db, (p: { jobId: string }) =>
    query
      .selectFrom('jobs')
      .select('breaker_since')
      .select((eb) =>
        eb
          .selectFrom('attempts')
          .select(sql<number>`ifnull(sum(reserved_usd), 0)`.as('reserved'))
          .where('attempts.job_id', '=', p.jobId)
          .where('attempts.status', '=', sql.lit('running'))
          .as('reserved'),
      )
      .where('job_id', '=', p.jobId),
  );
  const steps = statement<{ jobId: string }, StepTotalsTable>(db, (p) =>
    query.selectFrom('step_totals').selectAll().where('job_id', '=', p.jobId).orderBy('stage').orderBy('step'),
  );
  const restartBreaker = db.prepare('UPDATE jobs SET breaker_since = ? WHERE job_id = ?');
  const restartSteps = db.prepare(
    `UPDATE step_totals SET breaker_base = json_object('tried', units_tried, 'byClass', json((
       SELECT json_group_object(failure_class, n) FROM (
         SELECT failure_class, sum(count) AS n FROM unit_counts AS counted
         WHERE counted.job_id = step_totals.job_id AND counted.stage = step_totals.stage
           AND counted.step = step_totals.step AND failure_class != '' GROUP BY failure_class))))
     WHERE job_id = ?`,
  );
  const wantingExecutor = statement<object, JobsTable>(db, () =>
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

  return {
    ...createRevisionStore(db, clock),
    ...createDeletion(db),
    insert(job, first) {
      runWrite(
        db,
        query.insertInto('jobs').values({
          job_id: job.jobId,
          name: job.name,
          status: 'enumerating',
          user_intent: job.userIntent,
          enumerator_type: job.enumeratorType,
          enumerator_config: JSON.stringify(job.enumeratorConfig),
          max_workers: job.maxWorkers,
          test_units: job.testUnits,
          require_human_approval: job.requireHumanApproval ? 1 : 0,
          redact_results: job.redactResults ? 1 : 0,
          post_processing: jsonOrNull(job.postProcessing),
          output: jsonOrNull(job.output),
          request_id: job.request?.id ?? null,
          request_hash: job.request?.hash ?? null,
          batch_file: job.batchFile,
          carried_out_by: jsonOrNull(job.carriedOutBy),
          powers: JSON.stringify(job.powers),
          home: job.home,
          working_directory: job.workingDirectory,
          output_directory: job.outputDirectory,
          pass_env: JSON.stringify(job.passEnv),
          created_at: job.createdAt,
        } as JobsTable),
      );
      insertRevision(db, 1, first, clock.now());
    },
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
    list({ statuses, search, limit, after }) {
      let matching = query.selectFrom('jobs').where('deleting', '=', 0);
      // A job that is still being enumerated is seen only by its id.
      matching = statuses
        ? matching.where('status', 'in', [...statuses])
        : matching.where('status', '!=', 'enumerating');
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
    },
    move(jobId, to, options = {}) {
      const from = options.from ?? jobStatusesBefore(to);
      if (from.length === 0) return 'conflict';
      const changed = runWrite(
        db,
        query
          .updateTable('jobs')
          .set({ ...columns(options.patch ?? {}), status: to })
          .$if(to === 'paused', (update) => update.set((eb) => ({ paused_from: eb.ref('status') })))
          .where('job_id', '=', jobId)
          .where('status', 'in', [...from])
          .where('deleting', '=', 0),
      );
      return changed === 1 ? 'moved' : 'conflict';
    },
    patch(jobId, patch, inStatuses) {
      const set = columns(patch);
      if (Object.keys(set).length === 0) return 'written';
      let update = query.updateTable('jobs').set(set).where('job_id', '=', jobId).where('deleting', '=', 0);
      if (inStatuses) update = update.where('status', 'in', [...inStatuses]);
      return runWrite(db, update) === 1 ? 'written' : 'conflict';
    },
    tally(jobId): JobTally {
      const row = tally.get({ jobId });
      if (!row) throw new AbpError('not_found', `No job ${jobId}.`);
      return {
        reservedUsd: row.reserved ?? 0,
        breakerSince: row.breaker_since,
        steps: steps.all({ jobId }).map(toStepTally),
      };
    },
    resetCircuitBreaker(jobId) {
      restartBreaker.run(clock.now(), jobId);
      restartSteps.run(jobId);
    },
    wantingExecutor: () => wantingExecutor.all({}).map(toJob),
  };
}
