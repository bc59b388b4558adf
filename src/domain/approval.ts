import type { Approved, Begun, Revoked } from './answers.ts';
import type { JsonObject } from './json.ts';
import type { Terms } from './limits.ts';
import type { Power } from './power.ts';
import type { Tx } from './repository.ts';

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

/** What persons approved, by definition. Rows stay, so that what was allowed once can be told. */
export interface ApprovalStore {
  get(definition: string): Approval | null;
  /** The newest first. */
  list(limit: number): readonly Approval[];
  /** Those whose definition begins so. */
  startingWith(prefix: string): readonly Approval[];
  /** Records a question; what is known already stays as it is. */
  request(tx: Tx, asked: Pick<Approval, 'definition' | 'about' | 'title' | 'powers' | 'files' | 'source'>): void;
  /**
   * Records a person's yes, also after a revocation, to terms of a job; terms that were agreed to before stay, if higher.
   */
  approve(tx: Tx, definition: string, by: string, terms: Terms | null): Approved;
  /** Records that a person agrees to terms of a definition; where they agreed to a higher one before, that stays. */
  agree(tx: Tx, definition: string, terms: Terms): void;
  /** Notes that a test begins under a yes that no other test has used up. */
  beginTest(tx: Tx, definition: string): Begun;
  /** A person approved the result of a test: the yes is good for another one. */
  endTest(tx: Tx, definition: string): void;
  /** Takes an approval back. */
  revoke(tx: Tx, definition: string): Revoked;
}
