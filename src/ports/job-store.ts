import type { Deleted, Moved, Written } from '../domain/answers.ts';
import type { JobTally } from '../domain/budget.ts';
import type { Job, JobStatus, Revision } from '../domain/job.ts';
import type { RecordedNeeds } from '../domain/needs.ts';
import type { Tx } from './repository.ts';

/** The fields of a job that change beside its status. */
export type JobPatch = Partial<
  Pick<
    Job,
    | 'name'
    | 'pauseReason'
    | 'statusMessage'
    | 'resumeAt'
    | 'pauseMode'
    | 'fields'
    | 'totalUnits'
    | 'revision'
    | 'maxWorkers'
    | 'test'
    | 'passEnv'
    | 'requireHumanApproval'
    | 'powers'
    | 'approvedDefinition'
    | 'redactResults'
    | 'output'
    | 'outputState'
    | 'executorsLost'
    | 'startedAt'
    | 'endedAt'
  >
>;

/** Fields of a job before its first unit. */
export type NewJob = Omit<
  Job,
  | 'status'
  | 'pauseReason'
  | 'statusMessage'
  | 'resumeAt'
  | 'pauseMode'
  | 'pausedFrom'
  | 'fields'
  | 'totalUnits'
  | 'revision'
  | 'test'
  | 'approvedDefinition'
  | 'outputState'
  | 'executorsLost'
  | 'costUsd'
  | 'costEstimated'
  | 'inputTokens'
  | 'outputTokens'
  | 'startedAt'
  | 'endedAt'
  | 'eventSeq'
>;

export type NewRevision = Omit<Revision, 'revision' | 'createdAt' | 'needs'>;

export interface JobFilter {
  readonly statuses?: readonly JobStatus[];
  /** Part of the name or id. */
  readonly search?: string;
  readonly limit: number;
  /** The last one seen; it need not be there any more. */
  readonly after?: JobPlace;
}

/** Where a job stands in the list of all, newest first. */
export type JobPlace = Pick<Job, 'createdAt' | 'jobId'>;

/** The store of jobs. */
export interface JobStore {
  insert(tx: Tx, job: NewJob, revision: NewRevision): void;
  get(jobId: string): Job | null;
  /** Jobs that were last allowed to run under a definition. */
  approvedAs(definition: string): readonly Job[];
  /** The job that a request made, by the id that its creator gave to it. */
  ofRequest(requestId: string): Job | null;
  /** Jobs of a batch file that have not ended, newest first. */
  ofBatchFile(path: string): readonly Job[];
  /** Ids that start with a prefix, at most 10. */
  idsWithPrefix(prefix: string): readonly string[];
  list(filter: JobFilter): { readonly jobs: readonly Job[]; readonly total: number };
  /**
   * Compare-and-set of the status, from one of `from` (default: all that may become `to`). A pause also notes what was
   * paused (`pausedFrom`).
   */
  move(tx: Tx, jobId: string, to: JobStatus, options?: { from?: readonly JobStatus[]; patch?: JobPatch }): Moved;
  /** Writes other fields, optionally only in one of `inStatuses`. */
  patch(tx: Tx, jobId: string, patch: JobPatch, inStatuses?: readonly JobStatus[]): Written;
  revision(jobId: string, revision: number): Revision | null;
  revisions(jobId: string): readonly Revision[];
  /** Fills in the template of a revision that was inserted before the fields of the source were known. */
  setTemplate(tx: Tx, jobId: string, revision: number, template: string): void;
  /** Records what the worker of a revision is started with. */
  setNeeds(tx: Tx, jobId: string, revision: number, needs: RecordedNeeds): void;
  /** Adds a revision and makes it the current one; returns its number. */
  addRevision(tx: Tx, revision: NewRevision): number;
  tally(jobId: string): JobTally;
  /** Starts a new base for the failures rule: what failed before is not held against what comes. */
  resetRule(tx: Tx, jobId: string): void;
  /**
   * Jobs that ask for an executor by what the rows say, whoever holds them: at work, waiting for a quota window, with
   * attempts that nobody has settled, ended with results still to be written, or cancelled with units still in the queue.
   */
  wantingExecutor(): readonly Job[];
  /** Hides the job; then `deleteChunk` deletes its rows. */
  markDeleting(tx: Tx, jobId: string): void;
  /** Deletes up to `rows` rows of a job marked so. */
  deleteChunk(tx: Tx, jobId: string, rows: number): Deleted;
  deleting(): readonly string[];
}
