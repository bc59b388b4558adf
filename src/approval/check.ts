import type { Job } from '../domain/job.ts';
import { needsPerson } from '../domain/job.ts';
import { type Limits, raisedTerms, type Terms, termsOf } from '../domain/limits.ts';
import type { Repository } from '../ports/repository.ts';
import type { Definition, FileHashes, JobDefinition } from './definition.ts';

/** Approval state of a definition. */
export type ApprovalState =
  /** No person has to be asked. */
  | { readonly approved: true; readonly definition: Definition }
  /** `reason`: why a person has to be asked, as a sentence. */
  | { readonly approved: false; readonly definition: Definition; readonly reason: string };

/** Determines whether a job may run its present definition within its limits. */
export async function approvalStateOf(
  repository: Pick<Repository, 'approvals' | 'jobs'>,
  job: Job,
  limits: Limits,
  jobDefinition: JobDefinition,
): Promise<ApprovalState> {
  const definition = await jobDefinition.now();
  if (!needsPerson({ ...job, powers: definition.powers })) return { approved: true, definition };
  const approval = await repository.approvals.get(definition.id);
  if (approval?.approvedAt && !approval.revokedAt) {
    const reason = termsReason(approval.terms, termsOf(job, limits));
    return reason === null ? { approved: true, definition } : { approved: false, definition, reason };
  }
  const before = job.approvedDefinition === null ? null : await repository.approvals.get(job.approvedDefinition);
  return { approved: false, definition, reason: reasonOf(approval?.revokedAt ?? null, before?.files, definition) };
}

/** Returns why a person has to be asked about the limits of an approved definition; null = they are covered. */
export function termsReason(agreed: Terms | null, terms: Terms): string | null {
  if (agreed === null) return 'Its limits have not been approved yet.';
  const higher = raisedTerms(agreed, terms);
  return higher.length === 0 ? null : `Higher than approved: ${higher.join(', ')}.`;
}

function reasonOf(revokedAt: number | null, before: FileHashes | undefined, { files }: Definition): string {
  if (revokedAt !== null) return 'Its approval was revoked.';
  if (before === undefined) return 'It has not been approved yet.';
  const changed = changedFiles(before, files);
  if (changed.length > 0) return `Changed since its approval: ${changed.join(', ')}.`;
  return 'It changed since its approval.';
}

/** Returns the files whose bytes changed, that are gone, or that are new. */
export function changedFiles(before: FileHashes, now: FileHashes): readonly string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].filter(
    (path) => (before[path] ?? null) !== (now[path] ?? null),
  );
}
