import type { Approved, Begun, Revoked } from '../domain/answers.ts';
import type { Approval } from '../domain/approval.ts';
import type { Terms } from '../domain/limits.ts';
import type { Tx } from './repository.ts';

/** Approvals by definition. Rows are never deleted: they are the history of what was allowed. */
export interface ApprovalStore {
  get(definition: string): Approval | null;
  /** Newest first. */
  list(limit: number): readonly Approval[];
  /** Approvals whose definition starts with a prefix. */
  startingWith(prefix: string): readonly Approval[];
  /** Records a request for approval; an existing row stays unchanged. */
  request(tx: Tx, asked: Pick<Approval, 'definition' | 'about' | 'title' | 'powers' | 'files' | 'source'>): void;
  /** Records an approval, also after a revocation, with the terms of a job; higher terms agreed to before stay. */
  approve(tx: Tx, definition: string, by: string, terms: Terms | null): Approved;
  /** Records that a person agrees to terms of a definition; higher ones agreed to before stay. */
  agree(tx: Tx, definition: string, terms: Terms): void;
  /** Records that a test begins under an approval that no other test has used up. */
  beginTest(tx: Tx, definition: string): Begun;
  /** Records that a person approved the result of a test: the approval is valid for another one. */
  endTest(tx: Tx, definition: string): void;
  /** Revokes an approval. */
  revoke(tx: Tx, definition: string): Revoked;
}
