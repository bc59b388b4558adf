import { refuseSpecial } from '../../approval/bounds.ts';
import { type ApprovalState, approvalStateOf } from '../../approval/check.ts';
import {
  type Definition,
  defineJob,
  defineSource,
  type JobDefinition,
  sourceShown,
} from '../../approval/definition.ts';
import type { Approval } from '../../domain/approval.ts';
import { AbpError } from '../../domain/error.ts';
import { hint, step } from '../../domain/hint.ts';
import { type Job, needsPerson, type Revision } from '../../domain/job.ts';
import { raisedTerms, termsOf } from '../../domain/limits.ts';
import { pausedFields } from '../../domain/rules/pause.ts';
import type { Enumerator } from '../../ports/enumerator.ts';
import type { Tx } from '../../ports/repository.ts';
import { refuseRecursion } from '../../supervision/launch.ts';
import { type Call, changedMeanwhile, type OrchestratorDeps, requireJob } from '../operation.ts';
import { powersPhrase, shownPowers } from '../queries/shown-powers.ts';

type Deps = Pick<OrchestratorDeps, 'repository' | 'workers' | 'places'>;

/** Characters of a hash that are enough to tell definitions apart, for a person and for a compare-and-set. */
const SHORT = 16;

/** Computes the definition of a job in a revision: its current one, or one that it is about to get. */
export async function definitionOf(
  { repository, workers, places }: Deps,
  job: Job,
  revision: Revision,
): Promise<JobDefinition> {
  return defineJob(job, revision, workers, { path: repository.path, outputs: places.outputs });
}

/**
 * Tells whether a job is approved as it is at this moment. One approval covers one test, of this job or of another job
 * with the same definition, until a person approves the result of that test.
 */
export async function approvalState(deps: Deps, job: Job): Promise<ApprovalState> {
  const revision = await revisionNow(deps, job);
  const jobDefinition = await definitionOf(deps, job, revision);
  const found = await approvalStateOf(deps.repository, job, revision.limits, jobDefinition);
  const isAsked = needsPerson({ ...job, powers: found.definition.powers });
  const isTested = job.status === 'created' || (job.status === 'testing' && job.test?.state === 'failed');
  if (!found.approved || !isAsked || !isTested) return found;
  const { testedAt = null } = (await deps.repository.approvals.get(found.definition.id)) ?? {};
  return testedAt === null ? found : { approved: false, definition: found.definition, reason: TESTED };
}

const TESTED = 'An earlier test of it is not approved yet; a new one runs units again.';

async function revisionNow({ repository }: Pick<Deps, 'repository'>, job: Job): Promise<Revision> {
  const revision = await repository.jobs.revision(job.jobId, job.revision);
  if (!revision) throw new AbpError('store', `${job.jobId} has no revision ${job.revision}.`);
  return revision;
}

/**
 * Requires that a person has allowed the job as it is now, where a person has to. Throws `approval_required` with the
 * question. Returns the allowed definition, whose test only a person approves; null = no approval is needed.
 */
export async function requireAllowed(
  deps: Deps,
  job: Job,
  asks: keyof typeof FOR_A_PERSON = 'allow',
): Promise<Definition | null> {
  const found = await approvalState(deps, job);
  if (!found.approved) throw notAllowed(job, found.definition, found.reason, asks);
  const { id, powers } = found.definition;
  if (!needsPerson({ ...job, powers })) return null;
  // The same definition may have been allowed for another job, or earlier.
  if (job.approvedDefinition !== id) {
    await deps.repository.transaction({ job: job.jobId }, async (tx) => {
      if ((await requireJob({ repository: tx }, job.jobId)).revision !== job.revision) throw changedMeanwhile(job);
      await tx.jobs.patch(job.jobId, { approvedDefinition: id, powers });
    });
  }
  return found.definition;
}

/**
 * Uses up the approval of one test, in the transaction that begins it. Throws `approval_required` when it is used up
 * already.
 */
export async function takeTest(tx: Tx, job: Job, definition: Definition): Promise<void> {
  if ((await tx.approvals.beginTest(definition.id)) === 'conflict') throw notAllowed(job, definition, TESTED, 'allow');
}

/**
 * Requires that a person raises the slots of a job that needs a person. Call it before anything is changed; the function
 * that it returns records the agreement, in the transaction that changes the slots. Throws `approval_required`.
 */
export async function requireAgreedSlots(
  { repository }: Deps,
  job: Job,
  maxWorkers: number,
  call: Call,
): Promise<(tx: Tx) => Promise<void>> {
  const approval = job.approvedDefinition === null ? null : await repository.approvals.get(job.approvedDefinition);
  if (!needsPerson(job) || approval === null || approval.terms === null) return () => Promise.resolve();
  const terms = { ...approval.terms, max_workers: maxWorkers };
  const higher = raisedTerms(approval.terms, terms);
  if (higher.length === 0) return () => Promise.resolve();
  requirePerson(job, call, 'raise', higher.join(', '));
  return (tx) => tx.approvals.agree(approval.definition, terms);
}

/** Requires that a person made this call: no argument and no token replaces them. Throws `approval_required`. */
export function requirePerson(
  job: Job,
  call: Pick<Call, 'human'>,
  what: keyof typeof FOR_A_PERSON,
  change?: string,
): void {
  if (call.human) return;
  const [sentence, decision] = FOR_A_PERSON[what];
  const about = change === undefined ? sentence : `${sentence} (${change})`;
  throw new AbpError('approval_required', `${job.jobId}: ${about}. A tool argument or a token is not enough.`, {
    hint: [decision],
    details: {
      job_id: job.jobId,
      powers: shownPowers(job.powers),
      asks: what,
      ...(change === undefined ? {} : { change }),
    },
  });
}

/** Decisions that only a person makes about a job that needs one: the reason in words, and the operation that does it. */
export const FOR_A_PERSON = {
  allow: ['only a person can allow what it does', step('allow_job')],
  approve: ['only a person can approve its test', step('start_job', { approve: true })],
  skip: ['only a person can leave its test out', step('start_job', { skip_test: true })],
  reopen: ['only a person can have units run again', step('manage_units', { action: 'reopen' })],
  retry: ['only a person can have failed units run again', step('manage_units', { action: 'retry' })],
  post_process: [
    'only a person can have its post-processing run again',
    step('manage_units', { action: 'post_process' }),
  ],
  raise: ['only a person can give it more slots', step('resume_job', { max_workers: '<n>' })],
} as const;

function notAllowed(job: Job, { id, powers }: Definition, reason: string, asks: string): AbpError {
  const can = powers.length === 0 ? 'It was created with require_human_approval' : `Powers: ${powersPhrase(powers)}`;
  return new AbpError(
    'approval_required',
    `${job.jobId} needs the approval of a person before anything of it runs. ${reason} ${can}.`,
    {
      hint: [step('allow_job')],
      details: { job_id: job.jobId, definition: id.slice(0, SHORT), powers: shownPowers(powers), asks },
    },
  );
}

/**
 * Requires an approval of a source that has powers, before anything of it is read. Throws `approval_required` and stores
 * the question for a person to answer; refuses a root that is a device, a pipe or the like.
 */
export async function requireSource<Config>(
  { repository, places }: Deps,
  enumerator: Enumerator<Config>,
  config: Config,
  { workingDirectory }: Pick<Call, 'workingDirectory'>,
): Promise<void> {
  const root = enumerator.root(config);
  if (root !== null) refuseSpecial(root);
  const store = { path: repository.path, outputs: places.outputs };
  const { id, powers, files } = defineSource(enumerator, config, workingDirectory, store);
  if (powers.length === 0) return;
  const known = await repository.approvals.get(id);
  if (known?.approvedAt && !known.revokedAt) return;
  const source = sourceShown(enumerator.type, config);
  await repository.transaction('store', (tx) =>
    tx.approvals.request({
      definition: id,
      about: 'source',
      title: enumerator.type,
      powers,
      files,
      source,
    }),
  );
  const short = id.slice(0, SHORT);
  throw new AbpError(
    'approval_required',
    `This ${enumerator.type} source needs the approval of a person before it is read. Powers: ${powersPhrase(powers)}.`,
    {
      hint: [step('allow_source', { definition: short })],
      details: { definition: short, powers: shownPowers(powers) },
    },
  );
}

/**
 * Version of a job as it was shown to the person who decides, as one word: revision, test, number of units, definition. It
 * comes back with the decision; any change since then makes the decision stale.
 */
export function shownOf(job: Pick<Job, 'revision' | 'test' | 'totalUnits'>, definition: string | null): string {
  return [job.revision, job.test?.startedAt ?? 0, job.totalUnits, definition?.slice(0, SHORT) ?? '-'].join('.');
}

const PARTS = ['revision', 'test', 'number of units', 'definition'] as const;

/** Refuses a decision about an earlier version of the job. Throws `conflict`, which names the parts that changed. */
export function requireShown(job: Job, shown: string, definition: string | null): void {
  const now = shownOf(job, definition);
  if (shown === now) return;
  const before = shown.split('.');
  const changed = PARTS.filter((_, n) => before[n] !== now.split('.')[n]).join(', ');
  throw new AbpError('conflict', `${job.jobId} is no longer as shown (changed: ${changed}); nothing was approved.`, {
    hint: hint`Look at its current state (${step('get_job_status')}), then decide again.`,
    details: { job_id: job.jobId, status: job.status, revision: job.revision, shown: now },
  });
}

/**
 * Records that a person allows a job to run as it was shown to them. Throws `approval_required` when the caller is not a
 * person, `conflict` when the job has changed since.
 */
export async function allowJob(deps: OrchestratorDeps, jobId: string, shown: string, call: Call): Promise<Definition> {
  refuseRecursion(deps.environment);
  const { repository } = deps;
  const { human } = call;
  const job = await requireJob(deps, jobId);
  requirePerson(job, call, 'allow');
  const revision = await revisionNow(deps, job);
  const definition = await (await definitionOf(deps, job, revision)).now();
  await repository.transaction({ job: jobId }, async (tx) => {
    const now = await requireJob({ repository: tx }, jobId);
    requireShown(now, shown, definition.id);
    const { id, powers, files } = definition;
    const asked = { definition: id, about: 'job', title: job.name, powers, files, source: null } as const;
    await tx.approvals.request(asked);
    await tx.approvals.approve(id, human ?? 'unknown', termsOf(now, revision.limits));
    await tx.jobs.patch(jobId, { approvedDefinition: id, powers });
    await tx.events.add(jobId, { type: 'job:allowed', data: { definition: id.slice(0, SHORT), by: human } });
  });
  return definition;
}

/**
 * Records that a person allows a source. Throws `approval_required` when the caller is not a person, `invalid_input` for a
 * job.
 */
export async function allowSource(
  deps: OrchestratorDeps,
  { definition, about, title }: Approval,
  call: Call,
): Promise<void> {
  refuseRecursion(deps.environment);
  if (!call.human) {
    throw new AbpError('approval_required', 'Only a person can allow a source.', {
      hint: [step('allow_source', { definition: definition.slice(0, SHORT) })],
    });
  }
  if (about !== 'source') {
    throw new AbpError(
      'invalid_input',
      `${definition.slice(0, SHORT)} is the definition of a job (${title}), not of a source.`,
      {
        hint: hint`Allow a job by its id: ${step('allow_job')}.`,
      },
    );
  }
  const by = call.human;
  await deps.repository.transaction('store', (tx) => tx.approvals.approve(definition, by, null));
}

/** Finds the one question or approval whose definition has this prefix. Throws `not_found`, `ambiguous`. */
export async function findApproval({ repository }: Pick<Deps, 'repository'>, prefix: string): Promise<Approval> {
  const matching = /^[0-9a-f]+$/.test(prefix) ? await repository.approvals.startingWith(prefix) : [];
  const [found, other] = matching;
  if (found && !other) return found;
  if (other) throw new AbpError('ambiguous', `${prefix} matches several approvals.`, { hint: 'Type more characters.' });
  throw new AbpError('not_found', `No approval ${prefix}.`, { hint: 'The list of approvals shows them.' });
}

/**
 * Revokes an approval and pauses the jobs that run under it; they start again only when a person allows them. Returns their
 * ids.
 */
export async function revokeApproval(
  { repository }: Pick<Deps, 'repository'>,
  definition: string,
): Promise<readonly string[]> {
  const patch = pausedFields({ reason: 'approval', message: REVOKED });
  return repository.transaction('store', async (tx) => {
    const paused: string[] = [];
    if ((await tx.approvals.revoke(definition)) === 'unchanged') return paused;
    for (const { jobId } of await tx.jobs.approvedAs(definition)) {
      const waits = (await tx.jobs.patch(jobId, patch, ['paused'])) === 'written';
      if (!waits && (await tx.jobs.move(jobId, 'paused', { patch })) === 'conflict') continue;
      await tx.events.add(jobId, { type: 'job:paused', data: { reason: 'approval', message: REVOKED } });
      paused.push(jobId);
    }
    return paused;
  });
}

const REVOKED = 'The approval of what it runs was revoked.';
