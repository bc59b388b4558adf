import type { Job } from '../domain/job.ts';
import { needsPerson } from '../domain/job.ts';
import type { Repository } from '../domain/repository.ts';
import type { Definition, FileHashes, JobDefinition } from './definition.ts';

/** How a definition stands with the person who has to approve it. */
export type Standing =
  /** Nobody has to be asked. */
  | { readonly approved: true; readonly definition: Definition }
  /** Why a person has to be asked, as a sentence. */
  | { readonly approved: false; readonly definition: Definition; readonly reason: string };

/** Whether a job may run what it is defined to run, as it is at this moment. */
export async function standingOf(
  repository: Pick<Repository, 'approvals' | 'jobs'>,
  job: Job,
  jobDefinition: JobDefinition,
): Promise<Standing> {
  const definition = await jobDefinition.now();
  if (!needsPerson({ ...job, powers: definition.powers })) return { approved: true, definition };
  const approval = repository.approvals.get(definition.id);
  if (approval?.approvedAt && !approval.revokedAt) return { approved: true, definition };
  const before = job.approvedDefinition === null ? null : repository.approvals.get(job.approvedDefinition);
  return { approved: false, definition, reason: reasonOf(approval?.revokedAt ?? null, before?.files, definition) };
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
