import type { EnumerationWarning } from '../domain/enumerator.ts';
import type { JsonObject } from '../domain/json.ts';
import { redact } from '../domain/redact.ts';
import { shortField, shortText } from './brief.ts';
import type { Enumerated } from './enumerate-into.ts';
import type { OrchestratorDeps } from './operation.ts';

/** What of a source did not become units, as the first event of its job keeps it; empty when there is nothing to say. */
export function sourceNotes({ skippedDuplicates, warnings }: Enumerated): JsonObject {
  return {
    ...(skippedDuplicates > 0 ? { skipped_duplicates: skippedDuplicates } : {}),
    ...(warnings.length > 0 ? { warnings: shownWarnings(warnings) } : {}),
  };
}

/** Warnings as they are kept and answered: code may log what is secret, and a name may be long. */
export function shownWarnings(warnings: readonly EnumerationWarning[]): JsonObject[] {
  // Redacted before it is cut: half of a secret is not known for one.
  return warnings.map(({ examples, ...warning }) => ({
    ...warning,
    examples: examples.map((example) => shortText(redact(example, 'logs'), 500)),
  }));
}

/** The same for an answer about a job: who has made it may have had theirs long before the source was read. */
export function shownSourceNotes({ repository }: Pick<OrchestratorDeps, 'repository'>, jobId: string): object {
  const [first] = repository.events.list(jobId, 0, 1);
  if (first?.type !== 'job:created') return {};
  const { skipped_duplicates, warnings } = first.data;
  return {
    ...(skipped_duplicates === undefined ? {} : { skipped_duplicates }),
    ...shortField('warnings', warnings as readonly JsonObject[] | undefined, 1000),
  };
}
