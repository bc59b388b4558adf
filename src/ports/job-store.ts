import type { Deleted, Moved, Written } from '../domain/answers.ts';
import type { Job, JobStatus, Revision, StepNeeds } from '../domain/job.ts';
import type { JobTally } from '../domain/rules/budget.ts';
import type { Step } from '../domain/step.ts';

/** Fields of a job that may change beside its status. */
export type JobPatch = Partial<
  Pick<
    Job,
    | 'name'
    | 'pauseReason'
    | 'pauseClass'
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
    | 'jobStepsBegun'
    | 'askedJobStep'
    | 'executorsLost'
    | 'startedAt'
    | 'endedAt'
  >
>;

/** Fields of a job known before its first unit. */
export type NewJob = Omit<
  Job,
  | 'status'
  | 'pauseReason'
  | 'pauseClass'
  | 'statusMessage'
  | 'resumeAt'
  | 'pauseMode'
  | 'fields'
  | 'totalUnits'
  | 'revision'
  | 'test'
  | 'approvedDefinition'
  | 'outputState'
  | 'jobStepsBegun'
  | 'askedJobStep'
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
  /** Substring of the name or id. */
  readonly search?: string;
  readonly limit: number;
  /** Place of the last job seen (cursor); that job may be gone. */
  readonly after?: JobCursor;
}

/** Place of a job in the list, newest first. */
export type JobCursor = Pick<Job, 'createdAt' | 'jobId'>;

/** Reads jobs and their revisions. */
export interface JobReads {
  get(jobId: string): Promise<Job | null>;
  /** Jobs whose approved definition is this one. */
  approvedAs(definition: string): Promise<readonly Job[]>;
  /** The job created by a request, by the id its creator gave. */
  ofRequest(requestId: string): Promise<Job | null>;
  /** Jobs of a batch file that have not ended, newest first. */
  ofBatchFile(path: string): Promise<readonly Job[]>;
  /** Ids that start with a prefix, at most 10. */
  idsWithPrefix(prefix: string): Promise<readonly string[]>;
  list(filter: JobFilter): Promise<{ readonly jobs: readonly Job[]; readonly total: number }>;
  revision(jobId: string, revision: number): Promise<Revision | null>;
  revisions(jobId: string): Promise<readonly Revision[]>;
  tally(jobId: string): Promise<JobTally>;
  /**
   * Jobs that need an executor by their rows, whether one holds them or not: at work, waiting for a quota window, with
   * unsettled attempts, ended with results still to be written, or cancelled with pending units.
   */
  wantingExecutor(): Promise<readonly Job[]>;
  deleting(): Promise<readonly string[]>;
}

/** Store of jobs and their revisions. */
export interface JobStore extends JobReads {
  insert(job: NewJob, revision: NewRevision): Promise<void>;
  /**
   * Moves the status by compare-and-set, from one of `from` (default: all that may become `to`).
   */
  move(jobId: string, to: JobStatus, options?: { from?: readonly JobStatus[]; patch?: JobPatch }): Promise<Moved>;
  /** Writes other fields, optionally only in one of `inStatuses`. */
  patch(jobId: string, patch: JobPatch, inStatuses?: readonly JobStatus[]): Promise<Written>;
  /** Sets the steps of a revision that was inserted before the fields of the source were known. */
  setSteps(jobId: string, revision: number, steps: readonly Step[]): Promise<void>;
  /** Records the needs of a revision's workers. */
  setNeeds(jobId: string, revision: number, needs: StepNeeds): Promise<void>;
  /** Adds a revision and makes it the current one; returns its number. */
  addRevision(revision: NewRevision): Promise<number>;
  /** Restarts the base of the circuit breaker: earlier failures no longer count. */
  resetCircuitBreaker(jobId: string): Promise<void>;
  /** Hides the job; `deleteChunk` then deletes it in parts. */
  markDeleting(jobId: string): Promise<void>;
  /** Deletes up to `rows` rows of a job marked for deletion. */
  deleteChunk(jobId: string, rows: number): Promise<Deleted>;
}
