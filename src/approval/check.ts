import type { Job } from '../domain/job.ts';
import { needsPerson } from '../domain/job.ts';
import { type Limits, raised, type Terms, termsOf } from '../domain/limits.ts';
import type { Repository } from '../ports/repository.ts';
import type { Definition, FileHashes, JobDefinition } from './definition.ts';

/** How a definition stands with the person who has to approve it. */
export type ApprovalState =
  /** Nobody has to be asked. */
  | { readonly approved: true; readonly definition: Definition }
  /** Why a person has to be asked, as a sentence. */
  | { readonly approved: false; readonly definition: Definition; readonly reason: string };

/** Whether a job may run what it is defined to run, within its limits, as it is at this moment. */
export async function approvalStateOf(
  repository: Pick<Repository, 'approvals' | 'jobs'>,
  job: Job,
  limits: Limits,
  jobDefinition: JobDefinition,
): Promise<ApprovalState> {
  const definition = await jobDefinition.now();
  if (!needsPerson({ ...job, powers: definition.powers })) return { approved: true, definition };
  const approval = repository.approvals.get(definition.id);
  if (approval?.approvedAt && !approval.revokedAt) {
    const reason = termsReason(approval.terms, termsOf(job, limits));
    return reason === null ? { approved: true, definition } : { approved: false, definition, reason };
  }
  const before = job.approvedDefinition === null ? null : repository.approvals.get(job.approvedDefinition);
  return { approved: false, definition, reason: reasonOf(approval?.revokedAt ?? null, before?.files, definition) };
}

/** Why a person has to be asked about the limits of a job whose definition they approved; null = they agreed to them. */
export function termsReason(agreed: Terms | null, terms: Terms): string | null {
  if (agreed === null) return 'Its limits have not been approved yet.';
  const higher = raised(agreed, terms);
  return higher.length === 0 ? null : `Higher than approved: ${higher.join(', ')}.`;
}

function reasonOf(revokedAt: number | null, before: FileHashes | undefined, { files }: Definition): string {
  if (revokedAt !== null) return 'Its approval was revoked.';
  if (before === undefined) return 'Nobody has approved it yet.';
  const changed = changedFiles(before, files);
  if (changed.length > 0) return `Changed since its approval: ${changed.join(', ')}.`;
  return 'It has been changed since its approval.';
}

/** Files that are not as they were: other bytes, gone, or new. */
export function changedFiles(before: FileHashes, now: FileHashes): readonly string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].filter(
    (path) => (before[path] ?? null) !== (now[path] ?? null),
  );
}
