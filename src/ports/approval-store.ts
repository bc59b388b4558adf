import type { Approved, Begun, Revoked } from '../domain/answers.ts';
import type { Approval } from '../domain/approval.ts';
import type { Terms } from '../domain/limits.ts';

/** Reads approvals. */
export interface ApprovalReads {
  get(definition: string): Promise<Approval | null>;
  /** Newest first. */
  list(limit: number): Promise<readonly Approval[]>;
  /** Approvals whose definition starts with a prefix. */
  startingWith(prefix: string): Promise<readonly Approval[]>;
}

/** Approvals by definition. Rows are never deleted: they are the history of what was allowed. */
export interface ApprovalStore extends ApprovalReads {
  /** Records a request for approval; an existing row stays unchanged. */
  request(asked: Pick<Approval, 'definition' | 'about' | 'title' | 'powers' | 'files' | 'source'>): Promise<void>;
  /** Records an approval, also after a revocation, with the terms of a job; higher terms agreed to before stay. */
  approve(definition: string, by: string, terms: Terms | null): Promise<Approved>;
  /** Records that a person agrees to terms of a definition; higher ones agreed to before stay. */
  agree(definition: string, terms: Terms): Promise<void>;
  /** Records that a test begins under an approval that no other test has used up. */
  beginTest(definition: string): Promise<Begun>;
  /** Records that a person approved the result of a test: the approval is valid for another one. */
  endTest(definition: string): Promise<void>;
  /** Revokes an approval. */
  revoke(definition: string): Promise<Revoked>;
}
