import { z } from 'zod';
import type { Approval } from '../../domain/approval.ts';
import { AbpError } from '../../domain/error.ts';
import { needsPerson } from '../../domain/job.ts';
import { allowJob, allowSource, approvalState, findApproval, listed, revokeApproval, shownOf } from '../approval.ts';
import { type OrchestratorDeps, operation, requireStoredJob } from '../operation.ts';
import { iso, jobId } from '../shapes.ts';
import { shownSource, shownSourceShape, whatRuns, whatRunsShape } from '../what-runs.ts';

const SHOWN_APPROVALS = 200;

const powers = z.array(z.object({ can: z.string(), what: z.string() }));

const approval = z.object({
  definition: z.string(),
  about: z.enum(['job', 'source']),
  title: z.string(),
  can: powers,
  state: z.enum(['waiting', 'approved', 'revoked']),
  requested_at: z.string(),
  approved_at: z.string().nullable(),
  approved_by: z.string().nullable(),
  revoked_at: z.string().nullable(),
  /** Jobs that were last allowed to run under it. */
  jobs: z.array(z.string()),
  /** Of a source: what would be read, or run. */
  source: shownSourceShape.nullable(),
});

/** What persons approved, and what waits for them. */
export const listApprovals = operation({
  name: 'list_approvals',
  title: 'Approvals',
  description:
    'Definitions of jobs and sources that can do more than their bounds: approved, revoked, or waiting for a person. The newest first.',
  input: z.strictObject({}),
  output: z.object({ approvals: z.array(approval) }),
  effect: 'read',
  run({ repository }) {
    return { approvals: repository.approvals.list(SHOWN_APPROVALS).map((found) => shown(repository, found)) };
  },
});

function shown({ jobs }: OrchestratorDeps['repository'], found: Approval): z.input<typeof approval> {
  const { definition, about, title, approvedAt, approvedBy, revokedAt, requestedAt } = found;
  return {
    definition,
    about,
    title,
    can: listed(found.powers),
    state: approvedAt === null ? 'waiting' : revokedAt === null ? 'approved' : 'revoked',
    requested_at: iso(requestedAt),
    approved_at: iso(approvedAt),
    approved_by: approvedBy,
    revoked_at: iso(revokedAt),
    jobs: jobs.approvedAs(definition).map(({ jobId: id }) => id),
    source: found.source === null ? null : shownSource(found.source.type, found.source.config),
  };
}

/** Everything that a person is asked about a job before anything of it runs. */
export const jobApproval = operation({
  name: 'job_approval',
  title: 'What a job would do',
  description:
    'Whether a person has to allow a job before anything of it runs, why, what it can do beyond its bounds, and all that decides what runs.',
  input: z.strictObject({ job_id: jobId }),
  output: whatRunsShape.extend({
    job_id: z.string(),
    status: z.string(),
    /** Whether only a person can let it run and approve its test. */
    person: z.boolean(),
    /** Whether it may run as it is now. */
    allowed: z.boolean(),
    reason: z.string().optional(),
    /** Comes back with the decision. */
    shown: z.string(),
    definition: z.string(),
    revision: z.int(),
    units: z.int(),
  }),
  effect: 'read',
  async run(deps, { job_id }) {
    const job = requireStoredJob(deps, job_id);
    const revision = deps.repository.jobs.revision(job_id, job.revision);
    if (!revision) throw new AbpError('store', `${job_id} has no revision ${job.revision}.`);
    const found = await approvalState(deps, job);
    const { id, powers: can } = found.definition;
    return {
      job_id,
      status: job.status,
      person: needsPerson({ ...job, powers: can }),
      allowed: found.approved,
      ...(found.approved ? {} : { reason: found.reason }),
      shown: shownOf(job, id),
      definition: id,
      revision: job.revision,
      units: job.totalUnits,
      ...whatRuns(job, { ...revision, limits: { ...revision.limits, max_workers: job.maxWorkers } }, found.definition),
    };
  },
});

/** A person's yes to a job as it was shown. */
export const allowJobView = operation({
  name: 'allow_job',
  title: 'Allow a job to run',
  description:
    'Records that a person looked at what a job would do and allows it; nothing runs yet. Only a person can: a program is refused. `shown` is that of what they looked at.',
  input: z.strictObject({ job_id: jobId, shown: z.string().max(100) }),
  output: z.object({ job_id: z.string(), definition: z.string(), allowed: z.boolean() }),
  effect: 'write',
  async run(deps, { job_id, shown: looked }, call) {
    const { id } = await allowJob(deps, job_id, looked, call);
    return { job_id, definition: id, allowed: true };
  },
});

const byDefinition = z.strictObject({ definition: z.string().regex(/^[0-9a-f]{8,64}$/) });

/** A person's yes to a source that was asked about. */
export const allowSourceView = operation({
  name: 'allow_source',
  title: 'Allow a source to be read',
  description:
    'Records that a person looked at a source (its code, its query, its place) and allows it to be read. Only a person can: a program is refused.',
  input: byDefinition,
  output: z.object({ definition: z.string(), allowed: z.boolean() }),
  effect: 'write',
  run(deps, { definition }, call) {
    const found = findApproval(deps, definition);
    allowSource(deps, found, call);
    return { definition: found.definition, allowed: true };
  },
});

/** Takes an approval back. */
export const revokeApprovalView = operation({
  name: 'revoke_approval',
  title: 'Revoke an approval',
  description:
    'Takes an approval back: jobs that run under it are paused, and nothing of it starts before a person allows it again.',
  input: byDefinition,
  output: z.object({ definition: z.string(), paused: z.array(z.string()) }),
  effect: 'write',
  run(deps, { definition }) {
    const found = findApproval(deps, definition);
    return { definition: found.definition, paused: [...revokeApproval(deps, found.definition)] };
  },
});
