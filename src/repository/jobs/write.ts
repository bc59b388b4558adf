import type Database from 'better-sqlite3';
import { jobStatusesBefore } from '../../domain/job.ts';
import type { Clock } from '../../ports/clock.ts';
import type { JobPatch, JobStore } from '../../ports/job-store.ts';
import type { Sync } from '../promised.ts';
import type { JobsTable } from '../schema.ts';
import { query, runWrite } from '../statement.ts';
import { insertRevision } from './revisions.ts';

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
  jobStepsBegun: ['job_steps_begun', 'flag'],
  askedJobStep: ['asked_job_step', 'plain'],
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

/** Writes jobs on SQLite: inserts them, moves their status, changes other fields. */
export function createJobWrites(
  db: Database.Database,
  clock: Clock,
): Pick<Sync<JobStore>, 'insert' | 'move' | 'patch'> {
  return {
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
    move(jobId, to, options = {}) {
      const from = options.from ?? jobStatusesBefore(to);
      if (from.length === 0) return 'conflict';
      const changed = runWrite(
        db,
        query
          .updateTable('jobs')
          .set({ ...columns(options.patch ?? {}), status: to })
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
  };
}
