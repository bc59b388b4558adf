import type { JsonObject } from './json.ts';
import type { Terms } from './limits.ts';
import type { Power } from './power.ts';

/** A definition that a person was asked about. */
export interface Approval {
  /** The SHA-256 of the definition, in hex. */
  readonly definition: string;
  readonly about: 'job' | 'source';
  /** Name of the job, or type of the source. */
  readonly title: string;
  readonly powers: readonly Power[];
  /** SHA-256 of the files whose bytes are part of the definition, by absolute path; null = it was not there. */
  readonly files: Readonly<Record<string, string | null>>;
  /** Of a source: its type and config, for a person to read. */
  readonly source: { readonly type: string; readonly config: JsonObject } | null;
  readonly requestedAt: number;
  readonly approvedAt: number | null;
  /** Where the person said yes: elicitation, cli, dashboard. */
  readonly approvedBy: string | null;
  readonly revokedAt: number | null;
  /** Of a job: the limits and test units that a person agreed to. */
  readonly terms: Terms | null;
  /** A test began under it that no person has approved since: the yes is used up, and another test is asked about. */
  readonly testedAt: number | null;
}
