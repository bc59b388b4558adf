import type { JsonObject } from './json.ts';
import type { Terms } from './limits.ts';
import type { Power } from './power.ts';

/** A definition that was put to a person for approval. */
export interface Approval {
  /** The SHA-256 of the definition, in hex. */
  readonly definition: string;
  readonly about: 'job' | 'source';
  /** Name of the job, or type of the source. */
  readonly title: string;
  readonly powers: readonly Power[];
  /** SHA-256 (hex) of each file that belongs to the definition, by absolute path; null = the file is missing. */
  readonly files: Readonly<Record<string, string | null>>;
  /** Type and config of a source, shown to the person; null for a job. */
  readonly source: { readonly type: string; readonly config: JsonObject } | null;
  readonly requestedAt: number;
  readonly approvedAt: number | null;
  /** Interface of the approval: elicitation, cli, dashboard. */
  readonly approvedBy: string | null;
  readonly revokedAt: number | null;
  /** Limits and number of test units that were approved with a job; null for a source. */
  readonly terms: Terms | null;
  /** Time of the last test that began under it and that no person has approved since: the approval is used up until then. */
  readonly testedAt: number | null;
}
