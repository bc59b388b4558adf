import { z } from 'zod';
import type { Approval } from '../../domain/approval.ts';
import { AbpError } from '../../domain/error.ts';
import { hint, mention } from '../../domain/hint.ts';
import { needsPerson } from '../../domain/job.ts';
import { type OrchestratorDeps, operation, requireStoredJob, SCREENS } from '../operation.ts';
import { definitionHash, iso, jobId } from '../shapes.ts';
import { approvalState, shownOf } from './approval-state.ts';
import { approvalSummary, approvalSummaryShape } from './approval-summary.ts';
import { shownPowers } from './shown-powers.ts';
import { reviewedSource, shownSourceShape } from './shown-source.ts';

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
  interfaces: SCREENS,
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
    source: found.source === null ? null : reviewedSource(found.source.type, found.source.config),
  };
}

/** Returns one of them, by the beginning of its definition. */
export const getApproval = operation({
  name: 'get_approval',
  title: 'An approval',
  interfaces: SCREENS,
  description:
    'One definition that was approved or revoked, or waits for a person, by its hash or the beginning of it.',
  input: z.strictObject({ definition: definitionHash }),
  output: approval,
  effect: 'read',
  run: async (deps, { definition }) => shown(deps.repository, await findApproval(deps, definition)),
});

/** Returns everything that a person is asked about a job before anything of it runs. */
export const jobApproval = operation({
  name: 'job_approval',
  title: 'Approval of a job',
  interfaces: SCREENS,
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

/** Finds the one question or approval whose definition has this prefix. Throws `not_found`, `ambiguous`. */
export async function findApproval(
  { repository }: Pick<OrchestratorDeps, 'repository'>,
  prefix: string,
): Promise<Approval> {
  const matching = /^[0-9a-f]+$/.test(prefix) ? await repository.approvals.startingWith(prefix) : [];
  const [found, other] = matching;
  if (found && !other) return found;
  if (other) throw new AbpError('ambiguous', `${prefix} matches several approvals.`, { hint: 'Type more characters.' });
  throw new AbpError('not_found', `No approval ${prefix}.`, { hint: hint`${mention('list_approvals')} lists them.` });
}
