import { refuseSpecial } from '../../approval/bounds.ts';
import { type Definition, defineSource, sourceShown } from '../../approval/definition.ts';
import { AbpError } from '../../domain/error.ts';
import { hint, mention } from '../../domain/hint.ts';
import { type Job, needsPerson } from '../../domain/job.ts';
import { raisedTerms } from '../../domain/limits.ts';
import type { Enumerator } from '../../ports/enumerator.ts';
import type { Tx } from '../../ports/repository.ts';
import { type Call, changedMeanwhile, type OrchestratorDeps, requireJob } from '../operation.ts';
import { approvalState, SHORT_HASH, shownOf, TESTED } from '../queries/approval-state.ts';
import { powersPhrase, shownPowers } from '../queries/shown-powers.ts';

type Deps = Pick<OrchestratorDeps, 'repository' | 'workers' | 'places'>;

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
  allow: ['only a person can allow what it does', mention('allow_job')],
  approve: ['only a person can approve its test', mention('start_job', { approve: true })],
  skip: ['only a person can leave its test out', mention('start_job', { skip_test: true })],
  reopen: ['only a person can have units run again', mention('manage_units', { action: 'reopen' })],
  retry: ['only a person can have failed units run again', mention('manage_units', { action: 'retry' })],
  rerun: ['only a person can have a step run again', mention('manage_units', { action: 'rerun' })],
  raise: ['only a person can give it more slots', mention('resume_job', { max_workers: '<n>' })],
} as const;

function notAllowed(job: Job, { id, powers }: Definition, reason: string, asks: string): AbpError {
  const can = powers.length === 0 ? 'It was created with require_human_approval' : `Powers: ${powersPhrase(powers)}`;
  return new AbpError(
    'approval_required',
    `${job.jobId} needs the approval of a person before anything of it runs. ${reason} ${can}.`,
    {
      hint: [mention('allow_job')],
      details: { job_id: job.jobId, definition: id.slice(0, SHORT_HASH), powers: shownPowers(powers), asks },
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
  const short = id.slice(0, SHORT_HASH);
  throw new AbpError(
    'approval_required',
    `This ${enumerator.type} source needs the approval of a person before it is read. Powers: ${powersPhrase(powers)}.`,
    {
      hint: [mention('allow_source', { definition: short })],
      details: { definition: short, powers: shownPowers(powers) },
    },
  );
}

const PARTS = ['revision', 'test', 'number of units', 'definition'] as const;

/** Refuses a decision about an earlier version of the job. Throws `conflict`, which names the parts that changed. */
export function requireShown(job: Job, shown: string, definition: string | null): void {
  const now = shownOf(job, definition);
  if (shown === now) return;
  const before = shown.split('.');
  const changed = PARTS.filter((_, n) => before[n] !== now.split('.')[n]).join(', ');
  throw new AbpError('conflict', `${job.jobId} is no longer as shown (changed: ${changed}); nothing was approved.`, {
    hint: hint`Look at its current state (${mention('get_job_status')}), then decide again.`,
    details: { job_id: job.jobId, status: job.status, revision: job.revision, shown: now },
  });
}
