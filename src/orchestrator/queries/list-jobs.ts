import { z } from 'zod';
import { termsReason } from '../../approval/check.ts';
import { JOB_STATUSES, type Job, needsPerson } from '../../domain/job.ts';
import { termsOf } from '../../domain/limits.ts';
import { usd } from '../../domain/money.ts';
import type { JobCursor } from '../../ports/job-store.ts';
import { EVERYWHERE, type OrchestratorDeps, operation } from '../operation.ts';
import { badCursor, cursor, iso, jobStatusName, unitCounts } from '../shapes.ts';

const DEFAULT_JOBS = 20;

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
    jobs: z.array(
      z.looseObject({
        job_id: z.string(),
        name: z.string(),
        status: jobStatusName,
        units: unitCounts,
        created_at: z.string(),
      }),
    ),
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
    const last = rows.at(-1);
    return { jobs: rows, total, next_cursor: jobs.length > rows.length && last ? jobCursor(last) : null };
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

/** Cursor of the position behind a row of the list; it stays valid when the job itself is deleted. */
export function jobCursor({ created_at, job_id }: { readonly created_at: string; readonly job_id: string }): string {
  return `${Date.parse(created_at)}.${job_id}`;
}

function parseJobCursor(text: string): JobCursor {
  const [, createdAt, id] = /^(\d{1,15})\.(job-[\w-]+)$/.exec(text) ?? [];
  if (createdAt === undefined || id === undefined) throw badCursor(text);
  return { createdAt: Number(createdAt), jobId: id };
}
