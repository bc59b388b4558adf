import { cut } from '../../domain/cut.ts';
import type { JsonObject } from '../../domain/json.ts';
import { redact } from '../../domain/redact.ts';
import type { Skipped, SkippedRecord } from '../../enumerators/items.ts';
import type { EnumerationWarning } from '../../ports/enumerator.ts';
import type { OrchestratorDeps } from '../operation.ts';

/** Notes about records of a source that did not become units, as the first event of the job stores them; empty = none. */
export function sourceNotes({
  skipped,
  warnings,
}: {
  readonly skipped: Skipped;
  readonly warnings: readonly EnumerationWarning[];
}): SourceNotes {
  const { duplicates, invalid, records } = skipped;
  return {
    ...(duplicates > 0 ? { skipped_duplicates: duplicates } : {}),
    ...(invalid > 0 ? { skipped_invalid: invalid } : {}),
    ...(records.length > 0 ? { skipped_records: records.map(shownRecord) } : {}),
    ...(warnings.length > 0 ? { warnings: shownWarnings(warnings) } : {}),
  };
}

/** Notes about a source in answers and in its job's first event. */
export interface SourceNotes extends JsonObject {
  readonly skipped_duplicates?: number;
  readonly skipped_invalid?: number;
  /** The first records of both kinds. */
  readonly skipped_records?: readonly JsonObject[];
  readonly warnings?: readonly JsonObject[];
}

function shownRecord({ place, reason }: SkippedRecord): JsonObject {
  return { place: cut(place, 200), reason: cut(redact(reason, 'logs'), 300) };
}

/** Redacts and truncates warnings: code may log a secret, and a name may be long. */
export function shownWarnings(warnings: readonly EnumerationWarning[]): JsonObject[] {
  // Redacted before it is truncated: half of a secret is not recognized.
  return warnings.map(({ examples, ...warning }) => ({
    ...warning,
    examples: examples.map((example) => cut(redact(example, 'logs'), 500)),
  }));
}

/** Notes about skipped records of a job's source, without the warnings, which create_job reported. */
export async function skippedOf(deps: Pick<OrchestratorDeps, 'repository'>, jobId: string): Promise<SourceNotes> {
  const { warnings: _, ...skipped } = await notesOf(deps, jobId);
  return skipped;
}

/** Skipped records of a job's source in full, for a screen; null = none were skipped. */
export async function allSkipped(deps: Pick<OrchestratorDeps, 'repository'>, jobId: string) {
  const {
    skipped_invalid: invalid = 0,
    skipped_duplicates: duplicates = 0,
    skipped_records,
  } = await notesOf(deps, jobId);
  if (invalid + duplicates === 0) return null;
  return { invalid, duplicates, records: (skipped_records ?? []) as unknown as readonly SkippedRecord[] };
}

/** Notes about the source of a job: create_job may have answered before the source was read. */
export async function notesOf(
  { repository }: Pick<OrchestratorDeps, 'repository'>,
  jobId: string,
): Promise<SourceNotes> {
  const [first] = await repository.events.list(jobId, 0, 1);
  if (first?.type !== 'job:created') return {};
  // The event also carries the id of the HTTP or MCP request, which is not the request_id of the job.
  const { units: _, request_id: __, ...notes } = first.data;
  return notes;
}
