import type { Approved, Begun, Revoked } from '../domain/answers.ts';
import type { Approval } from '../domain/approval.ts';
import type { Terms } from '../domain/limits.ts';
import type { Tx } from './repository.ts';

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
