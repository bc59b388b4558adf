import type { JsonObject } from './json.ts';
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
  readonly source: JsonObject | null;
  readonly requestedAt: number;
  readonly approvedAt: number | null;
  /** Where the person said yes: elicitation, cli, dashboard. */
  readonly approvedBy: string | null;
  readonly revokedAt: number | null;
  /** A test under it was discarded since the yes: another one is asked about again. */
  readonly discardedAt: number | null;
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
  /** Records a person's yes, also after a revocation; `unknown` = it was never asked about. */
  approve(tx: Tx, definition: string, by: string): 'approved' | 'unknown';
  /** Notes that a test under a definition was discarded, until the next yes. */
  discard(tx: Tx, definition: string): void;
  /** Takes an approval back; `unchanged` = there was none. */
  revoke(tx: Tx, definition: string): 'revoked' | 'unchanged';
}
