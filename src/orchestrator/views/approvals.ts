import { z } from 'zod';
import { needsPerson } from '../../domain/job.ts';
import type { JsonObject } from '../../domain/json.ts';
import { redactJson } from '../../domain/redact.ts';
import type { Approval } from '../../domain/repository.ts';
import { allowJob, allowSource, findApproval, listed, revokeApproval, shownOf, standing } from '../approval.ts';
import { type OrchestratorDeps, operation, requireStoredJob } from '../operation.ts';
import { iso, jobId } from '../shapes.ts';
import { shownWorker } from '../shown-worker.ts';

const SHOWN_APPROVALS = 200;

const object = z.record(z.string(), z.unknown());
const powers = z.array(z.object({ can: z.string(), what: z.string() }));

const source = z.object({ type: z.string(), config: object });

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
  source: source.nullable(),
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
  async run({ repository }) {
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
    source: found.source === null ? null : shownSource(String(found.source.type), found.source.config as JsonObject),
  };
}

/** A source as a person reads it; code is what they are asked about, and stays as it is. */
function shownSource(type: string, config: JsonObject): z.input<typeof source> {
  const { code } = config;
  return { type, config: { ...redactJson(config, 'logs'), ...(typeof code === 'string' ? { code } : {}) } };
}

/** Everything that a person is asked about a job before anything of it runs. */
export const jobApproval = operation({
  name: 'job_approval',
  title: 'What a job would do',
  description:
    'Whether a person has to allow a job before anything of it runs, why, what it can do beyond its bounds, and all that decides what runs.',
  input: z.strictObject({ job_id: jobId }),
  output: z.object({
    job_id: z.string(),
    name: z.string(),
    status: z.string(),
    /** Whether only a person can let it run and approve its test. */
    person: z.boolean(),
    /** Whether it may run as it is now. */
    allowed: z.boolean(),
    reason: z.string().optional(),
    can: powers,
    /** Comes back with the decision. */
    shown: z.string(),
    definition: z.string(),
    revision: z.int(),
    units: z.int(),
    test_units: z.int(),
    source,
    worker: z.looseObject({ type: z.string() }),
    template: z.string(),
    post_processing: object.nullable(),
    home: z.string().nullable(),
    output_directory: z.string(),
    files: z.array(z.object({ path: z.string(), sha256: z.string().nullable() })),
  }),
  effect: 'read',
  async run(deps, { job_id }) {
    const job = requireStoredJob(deps, job_id);
    const revision = deps.repository.jobs.revision(job_id, job.revision);
    const found = await standing(deps, job);
    const { id, powers: can, files } = found.definition;
    return {
      job_id,
      name: job.name,
      status: job.status,
      person: needsPerson({ ...job, powers: can }),
      allowed: found.approved,
      ...(found.approved ? {} : { reason: found.reason }),
      can: listed(can),
      shown: shownOf(job, id),
      definition: id,
      revision: job.revision,
      units: job.totalUnits,
      test_units: job.testUnits,
      source: shownSource(job.enumeratorType, job.enumeratorConfig),
      worker: shownWorker(revision?.worker ?? { type: 'unknown' }),
      template: revision?.template ?? '',
      post_processing: job.postProcessing && { ...job.postProcessing },
      home: job.home,
      output_directory: job.outputDirectory,
      files: Object.entries(files).map(([path, sha256]) => ({ path, sha256 })),
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
  async run(deps, { definition }, call) {
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
    'Takes an approval back: jobs that run under it are paused, and nothing of it starts again before a person allows it anew.',
  input: byDefinition,
  output: z.object({ definition: z.string(), paused: z.array(z.string()) }),
  effect: 'write',
  async run(deps, { definition }) {
    const found = findApproval(deps, definition);
    return { definition: found.definition, paused: [...revokeApproval(deps, found.definition)] };
  },
});
