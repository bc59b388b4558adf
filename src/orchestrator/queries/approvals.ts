import { z } from 'zod';
import type { Approval } from '../../domain/approval.ts';
import { AbpError } from '../../domain/error.ts';
import { needsPerson } from '../../domain/job.ts';
import { type OrchestratorDeps, operation, requireStoredJob } from '../operation.ts';
import { allowJob, allowSource, approvalState, findApproval, revokeApproval, shownOf } from '../operations/approval.ts';
import { iso, jobId } from '../shapes.ts';
import { approvalSummary, approvalSummaryShape, shownSource, shownSourceShape } from './approval-summary.ts';
import { shownPowers } from './shown-powers.ts';

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
  /** For a source: the data that would be read, or the code that would run. */
  source: shownSourceShape.nullable(),
});

/** Lists definitions that were approved or revoked, or that wait for a person. */
export const listApprovals = operation({
  name: 'list_approvals',
  title: 'Approvals',
  description: 'Definitions of jobs and sources with powers: approved, revoked, or waiting for a person; newest first.',
  input: z.strictObject({}),
  output: z.object({ approvals: z.array(approval) }),
  effect: 'read',
  async run({ repository }) {
    const found = await repository.approvals.list(SHOWN_APPROVALS);
    return { approvals: await Promise.all(found.map((each) => shown(repository, each))) };
  },
});

async function shown({ jobs }: OrchestratorDeps['repository'], found: Approval): Promise<z.input<typeof approval>> {
  const { definition, about, title, approvedAt, approvedBy, revokedAt, requestedAt } = found;
  return {
    definition,
    about,
    title,
    can: shownPowers(found.powers),
    state: approvedAt === null ? 'waiting' : revokedAt === null ? 'approved' : 'revoked',
    requested_at: iso(requestedAt),
    approved_at: iso(approvedAt),
    approved_by: approvedBy,
    revoked_at: iso(revokedAt),
    jobs: (await jobs.approvedAs(definition)).map(({ jobId: id }) => id),
    source: found.source === null ? null : shownSource(found.source.type, found.source.config),
  };
}

/** Returns everything that a person is asked about a job before anything of it runs. */
export const jobApproval = operation({
  name: 'job_approval',
  title: 'Approval of a job',
  description:
    'Tells whether a person has to allow a job before it runs, and why; shows its powers and everything that decides what runs.',
  input: z.strictObject({ job_id: jobId }),
  output: approvalSummaryShape.extend({
    job_id: z.string(),
    status: z.string(),
    /** True when only a person can allow it to run and approve its test. */
    person: z.boolean(),
    /** True when it may run as it is now. */
    allowed: z.boolean(),
    reason: z.string().optional(),
    /** Sent back with the decision. */
    shown: z.string(),
    definition: z.string(),
    revision: z.int(),
    units: z.int(),
  }),
  effect: 'read',
  async run(deps, { job_id }) {
    const job = await requireStoredJob(deps, job_id);
    const revision = await deps.repository.jobs.revision(job_id, job.revision);
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
      ...approvalSummary(
        job,
        { ...revision, limits: { ...revision.limits, max_workers: job.maxWorkers } },
        found.definition,
      ),
    };
  },
});

/** Records that a person allows a job as it was shown. */
export const allowJobView = operation({
  name: 'allow_job',
  title: 'Allow a job to run',
  description:
    'Records that a person reviewed a job and allows it; nothing runs yet. Refused for programs. `shown` is the one of the answer that they reviewed.',
  input: z.strictObject({ job_id: jobId, shown: z.string().max(100) }),
  output: z.object({ job_id: z.string(), definition: z.string(), allowed: z.boolean() }),
  effect: 'write',
  async run(deps, { job_id, shown: looked }, call) {
    const { id } = await allowJob(deps, job_id, looked, call);
    return { job_id, definition: id, allowed: true };
  },
});

const byDefinition = z.strictObject({ definition: z.string().regex(/^[0-9a-f]{8,64}$/) });

/** Records that a person allows a source. */
export const allowSourceView = operation({
  name: 'allow_source',
  title: 'Allow a source to be read',
  description:
    'Records that a person reviewed a source (its code, query or path) and allows it to be read. Refused for programs.',
  input: byDefinition,
  output: z.object({ definition: z.string(), allowed: z.boolean() }),
  effect: 'write',
  async run(deps, { definition }, call) {
    const found = await findApproval(deps, definition);
    await allowSource(deps, found, call);
    return { definition: found.definition, allowed: true };
  },
});

/** Revokes an approval. */
export const revokeApprovalView = operation({
  name: 'revoke_approval',
  title: 'Revoke an approval',
  description: 'Revokes an approval: jobs that run under it are paused and start again only when a person allows them.',
  input: byDefinition,
  output: z.object({ definition: z.string(), paused: z.array(z.string()) }),
  effect: 'write',
  async run(deps, { definition }) {
    const found = await findApproval(deps, definition);
    return { definition: found.definition, paused: [...(await revokeApproval(deps, found.definition))] };
  },
});
