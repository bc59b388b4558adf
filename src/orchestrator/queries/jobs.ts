import { z } from 'zod';
import { termsReason } from '../../approval/check.ts';
import { AbpError } from '../../domain/error.ts';
import { isExecuting, JOB_STATUSES, type Job, needsPerson } from '../../domain/job.ts';
import { termsOf } from '../../domain/limits.ts';
import { usd } from '../../domain/money.ts';
import { redactJson } from '../../domain/redact.ts';
import type { JobCursor } from '../../ports/job-store.ts';
import { nextOfJobs } from '../next-calls.ts';
import { EVERYWHERE, type OrchestratorDeps, operation, requireStoredJob } from '../operation.ts';
import { outputSettings } from '../operations/output.ts';
import { badCursor, cursor, iso, jobId, jobStatusOutput, unitCounts, waitSeconds } from '../shapes.ts';
import {
  ANSWER_BYTES,
  jsonBytes,
  omittedCount,
  truncate,
  truncateFields,
  truncateList,
  truncateObject,
} from '../truncate.ts';
import { jobStatus, nextCallsExcept } from './job-status.ts';
import { shownWorker } from './shown-worker.ts';
import { shownSourceNotes } from './source-notes.ts';
import { waitForChange } from './wait.ts';

const DEFAULT_JOBS = 20;
/** Bytes for the jobs of a page whose length was not requested. */
const PAGE_BYTES = 8000;
const LEAST_TEMPLATE_BYTES = 2000;

/** Returns the status of a job, at once or after a wait for news. */
export const getJobStatus = operation({
  name: 'get_job_status',
  title: 'Status of a job',
  interfaces: EVERYWHERE,
  description:
    'Shows the status of a job: units by status, rate and ETA, cost, failures by class with an example, the test, running units, sensible next calls. With wait_seconds it answers as soon as there is news (test finished, job ended or paused, first failure).',
  input: z.strictObject({ job_id: jobId, wait_seconds: waitSeconds.optional() }),
  output: jobStatusOutput,
  effect: 'read',
  async run(deps, { job_id, wait_seconds = 0 }, call) {
    return jobStatus(deps, await waitForChange(deps, job_id, wait_seconds, call, waitsForPerson));
  },
});

/** True when the job does not continue without a person. */
function waitsForPerson(job: Job): boolean {
  if (job.status === 'paused') return job.pauseReason !== 'usage_limit';
  return job.status !== 'enumerating' && !isExecuting(job);
}

/** Returns the settings of a job, truncated. */
export const getJob = operation({
  name: 'get_job',
  title: 'Settings of a job',
  interfaces: EVERYWHERE,
  description:
    'Shows the settings of a job: intent, source, prompt template, output schema, worker, limits, revisions, directories. For progress use get_job_status.',
  input: z.strictObject({
    job_id: jobId,
    revision: z.int().min(1).max(100_000).optional().describe('An earlier revision; default the current one'),
  }),
  output: z.looseObject({
    job_id: z.string(),
    name: z.string(),
    status: z.string(),
    template: z.string(),
    worker: z.looseObject({ type: z.string() }),
    limits: z.looseObject({}),
  }),
  effect: 'read',
  async run(deps, { job_id, revision: number }) {
    const job = await requireStoredJob(deps, job_id);
    const revision = await deps.repository.jobs.revision(job_id, number ?? job.revision);
    if (!revision) {
      throw new AbpError('not_found', `${job_id} has no revision ${number}.`, { hint: `It has 1 to ${job.revision}.` });
    }
    const revisions = (await deps.repository.jobs.revisions(job_id)).map(({ revision: r, note, createdAt }) => ({
      revision: r,
      note: note === null ? null : truncate(note, 100),
      created_at: iso(createdAt),
    }));
    const shownRevisions = truncateList(revisions.toReversed(), 800).toReversed();
    const settings = {
      job_id,
      name: job.name,
      status: job.status,
      user_intent: truncate(job.userIntent, 1000),
      enumerator_type: job.enumeratorType,
      enumerator_config: truncateObject(redactJson(job.enumeratorConfig, 'logs'), 1000),
      ...truncateFields(job.fields),
      ...(await shownSourceNotes(deps, job_id)),
      revision: revision.revision,
      revisions: shownRevisions,
      ...omittedCount('revisions', revisions.length - shownRevisions.length),
      output_schema: revision.outputSchema && truncateObject(revision.outputSchema, 1000),
      worker: { ...truncateObject(shownWorker(revision.worker), 800), type: revision.worker.type },
      limits: { ...revision.limits, max_workers: job.maxWorkers },
      test_units: job.testUnits,
      require_human_approval: job.requireHumanApproval,
      redact_results: job.redactResults,
      post_processing: job.postProcessing && {
        ...job.postProcessing,
        name: truncate(job.postProcessing.name, 200),
        prompt: truncate(job.postProcessing.prompt, 500),
      },
      output: job.output && outputSettings(job.output),
      request_id: job.request?.id ?? null,
      batch_file: job.batchFile,
      working_directory: job.workingDirectory,
      output_directory: job.outputDirectory,
      run_directories: deps.places.runs(job_id),
      executor_log: deps.places.log(job_id),
      created_at: iso(job.createdAt),
      started_at: iso(job.startedAt),
      ended_at: iso(job.endedAt),
      next: await nextCallsExcept(deps, job, 'get_job'),
    };
    // A caller that wants to change the template has to see it: it gets all the remaining room.
    const room = Math.max(LEAST_TEMPLATE_BYTES, ANSWER_BYTES - jsonBytes(settings) - 100);
    return { ...settings, template: truncate(revision.template, room) };
  },
});

/** Lists the jobs of the database, newest first. */
export const listJobs = operation({
  name: 'list_jobs',
  title: 'All jobs',
  interfaces: EVERYWHERE,
  description: 'Lists jobs, newest first, with status, units and cost. Filter by status or by part of the name or id.',
  input: z.strictObject({
    status: z.array(z.enum(JOB_STATUSES)).min(1).max(9).optional().describe('Only jobs in one of these statuses'),
    search: z.string().max(200).optional().describe('Part of the name or id, or a request_id'),
    limit: z.int().min(1).max(100).optional().describe(`Default ${DEFAULT_JOBS}`),
    cursor: cursor.optional(),
  }),
  output: z.looseObject({
    jobs: z.array(z.looseObject({ job_id: z.string(), name: z.string(), status: z.string(), units: unitCounts })),
    total: z.int(),
    next_cursor: z.string().nullable(),
  }),
  effect: 'read',
  async run(deps, { status, search, limit, cursor: after }) {
    const wanted = limit ?? DEFAULT_JOBS;
    const { jobs, total } = await deps.repository.jobs.list({
      limit: wanted + 1,
      // Includes jobs that are still being stored: after an aborted create_job they are found here.
      statuses: status ?? JOB_STATUSES,
      ...(search ? { search } : {}),
      ...(after ? { after: parseJobCursor(after) } : {}),
    });
    const rowOf = async (job: Job) => ({
      job_id: job.jobId,
      name: job.name,
      status: job.status,
      ...(job.pauseReason ? { pause_reason: job.pauseReason } : {}),
      ...(job.status === 'testing' && job.test ? { test: job.test.state } : {}),
      ...((await needsApproval(deps.repository, job)) ? { needs_approval: true } : {}),
      units: await deps.repository.units.counts(job.jobId),
      cost_usd: usd(job.costUsd),
      created_at: iso(job.createdAt),
      started_at: iso(job.startedAt),
      ended_at: iso(job.endedAt),
    });
    const rows = await Promise.all(jobs.slice(0, wanted).map(rowOf));
    const page = limit === undefined ? truncateList(rows, PAGE_BYTES) : rows;
    const last = jobs[page.length - 1];
    const next_cursor = jobs.length > page.length && last ? cursorOf(last) : null;
    const filter = { ...(status ? { status } : {}), ...(search ? { search } : {}), ...(limit ? { limit } : {}) };
    return { jobs: [...page], total, next_cursor, next: nextOfJobs(page[0]?.job_id, next_cursor, filter) };
  },
});

/** True when a person has to allow a created or paused job before it can run. */
async function needsApproval({ approvals, jobs }: OrchestratorDeps['repository'], job: Job): Promise<boolean> {
  if (job.status === 'paused') return job.pauseReason === 'approval';
  if (job.status !== 'created' || !needsPerson(job)) return false;
  const approval = job.approvedDefinition === null ? null : await approvals.get(job.approvedDefinition);
  if (approval === null || approval.testedAt !== null) return true;
  const revision = await jobs.revision(job.jobId, job.revision);
  return revision !== null && termsReason(approval.terms, termsOf(job, revision.limits)) !== null;
}

/** Cursor of a position in the list; it stays valid when the job itself is deleted. */
function cursorOf({ createdAt, jobId: id }: JobCursor): string {
  return `${createdAt}.${id}`;
}

function parseJobCursor(text: string): JobCursor {
  const [, createdAt, id] = /^(\d{1,15})\.(job-[\w-]+)$/.exec(text) ?? [];
  if (createdAt === undefined || id === undefined) throw badCursor(text);
  return { createdAt: Number(createdAt), jobId: id };
}
