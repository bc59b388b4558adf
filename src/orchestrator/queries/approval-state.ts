import { type ApprovalState, approvalStateOf } from '../../approval/check.ts';
import { defineJob, type JobDefinition } from '../../approval/definition.ts';
import { AbpError } from '../../domain/error.ts';
import { type Job, needsPerson, type Revision } from '../../domain/job.ts';
import type { OrchestratorDeps } from '../operation.ts';

type Deps = Pick<OrchestratorDeps, 'repository' | 'workers' | 'places'>;

/** Characters of a hash that are enough to tell definitions apart, for a person and for a compare-and-set. */
export const SHORT_HASH = 16;

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

/** Reason why a tested definition needs another approval. */
export const TESTED = 'An earlier test of it is not approved yet; a new one runs units again.';

/** Returns the current revision of a job. Throws `store` when it is not there. */
export async function revisionNow({ repository }: Pick<Deps, 'repository'>, job: Job): Promise<Revision> {
  const revision = await repository.jobs.revision(job.jobId, job.revision);
  if (!revision) throw new AbpError('store', `${job.jobId} has no revision ${job.revision}.`);
  return revision;
}

/**
 * Version of a job as it was shown to the person who decides, as one word: revision, test, number of units, definition. It
 * comes back with the decision; any change since then makes the decision stale.
 */
export function shownOf(job: Pick<Job, 'revision' | 'test' | 'totalUnits'>, definition: string | null): string {
  return [job.revision, job.test?.startedAt ?? 0, job.totalUnits, definition?.slice(0, SHORT_HASH) ?? '-'].join('.');
}
