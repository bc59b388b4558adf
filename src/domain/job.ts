import type { JobOutput, OutputState } from './job-output.ts';
import type { JsonObject } from './json.ts';
import type { ProcessIdentity } from './lease.ts';
import type { Limits } from './limits.ts';
import type { RecordedNeeds } from './needs.ts';
import type { Power } from './power.ts';

/** For each job status, the statuses it may become. The same rule again guards every write as compare-and-set. */
export const JOB_TRANSITIONS = {
  enumerating: ['created'],
  created: ['testing', 'running', 'cancelled'],
  testing: ['running', 'created', 'cancelled'],
  running: ['paused', 'post_processing', 'completed', 'failed', 'cancelled'],
  paused: ['running', 'post_processing', 'cancelled'],
  post_processing: ['completed', 'failed', 'paused', 'cancelled'],
  completed: ['running', 'post_processing'],
  failed: ['running', 'post_processing'],
  cancelled: [],
} as const satisfies Record<string, readonly string[]>;

export type JobStatus = keyof typeof JOB_TRANSITIONS;
export const JOB_STATUSES = Object.keys(JOB_TRANSITIONS) as readonly JobStatus[];

/** What each status means, in a user's words: source of the README's table. */
export const JOB_STATUS_MEANING: Readonly<Record<JobStatus, string>> = {
  enumerating: 'units are being stored from the source; it can be looked at and cancelled',
  created: 'ready; nothing has been spent',
  testing: 'a test unit is running, or its result waits for approval',
  running: 'an executor works on the units',
  paused: 'stopped for the reason in pause_reason; nothing is lost',
  post_processing: 'all units have ended; the post-processing unit works on their results',
  completed: 'every unit ended and none failed',
  failed: 'every unit ended and at least one failed after its last retry, or post-processing failed',
  cancelled: 'given up by a person; results so far can be exported',
};

/** Statuses in which an executor should be at work: a job in one of them without a living executor is lost. */
export const EXECUTING: readonly JobStatus[] = ['testing', 'running', 'post_processing'];
/** Whether an executor should be at work on a job; a test that has ended waits for a person. */
export function isExecuting({ status, test }: Pick<Job, 'status' | 'test'>): boolean {
  return status === 'testing' ? test?.state === 'running' : EXECUTING.includes(status);
}

/** Whether a job goes on without a person, which takes an executor: at work, or waiting for the quota window. */
export function needsExecutor(job: Pick<Job, 'status' | 'test' | 'pauseReason'>): boolean {
  return isExecuting(job) || job.pauseReason === 'usage_limit';
}

/** Statuses from which nothing moves by itself. */
export const ENDED: readonly JobStatus[] = ['completed', 'failed', 'cancelled'];

/** Whether a job has ended and its results are still to be written, which takes an executor. */
export function isOutputDue({ status, outputState }: Pick<Job, 'status' | 'outputState'>): boolean {
  return (status === 'completed' || status === 'failed') && outputState?.state === 'due';
}

/** Whether only a person can let a job run and approve its test: it can do more than its bounds allow, or was made so. */
export function needsPerson({ requireHumanApproval, powers }: Pick<Job, 'requireHumanApproval' | 'powers'>): boolean {
  return requireHumanApproval || powers.length > 0;
}

/** Whether a job may go from one status to another. */
export function canMoveJob(from: JobStatus, to: JobStatus): boolean {
  return (JOB_TRANSITIONS[from] as readonly JobStatus[]).includes(to);
}

/** The statuses from which `to` may be reached: the compare half of a compare-and-set. */
export function jobStatusesBefore(to: JobStatus): readonly JobStatus[] {
  return JOB_STATUSES.filter((from) => canMoveJob(from, to));
}

/** Why a job is paused. Only usage_limit keeps its executor and goes on by itself at `resumeAt`. */
export const PAUSE_REASONS = {
  user: 'a person paused it: resume_job goes on',
  usage_limit: 'the quota window is closed: it goes on by itself at resume_at',
  budget: 'the budget is used up: raise limits.budget_usd with update_job, then resume_job',
  failures: 'too many units failed: look at failures, fix the prompt with update_job, then resume_job',
  auth: 'the worker cannot log in or pay, or its model is not known: fix that, then resume_job',
  worker_unavailable: 'the worker cannot be started or reached: fix that, then resume_job',
  disk: 'the disk is full: make room, then resume_job',
  approval: 'what it runs has changed since its approval, or that was revoked: resume_job asks a person',
  crashed: 'the executor died three times without settling a unit: read its log, then resume_job',
} as const satisfies Record<string, string>;

export type PauseReason = keyof typeof PAUSE_REASONS;

/** The test of a job in `testing`: one attempt per test unit, then a verdict that waits for a person. */
export interface JobTest {
  readonly state: 'running' | 'passed' | 'failed';
  /** Indexes of the test units, ascending. */
  readonly units: readonly number[];
  /** One sentence for a person: what happened and, when it failed, what to do. */
  readonly verdict: string | null;
  /** Executors that died while running this test; after the second the test is failed. */
  readonly executorsLost: number;
  readonly startedAt: number;
  readonly endedAt: number | null;
}

/** A last unit of stage `post` that works on all results. */
export interface PostProcessing {
  readonly name: string;
  readonly prompt: string;
  readonly outputDirectory: string;
  /** Whether it runs when units failed. */
  readonly onFailures: 'skip' | 'run';
}

/** A job as stored. Times are epoch milliseconds, money is US dollars. */
export interface Job {
  readonly jobId: string;
  readonly name: string;
  readonly status: JobStatus;
  readonly pauseReason: PauseReason | null;
  /** What happened and what to do, for a person; set with a pause or a failed end. */
  readonly statusMessage: string | null;
  readonly resumeAt: number | null;
  /** With a user pause: interrupt running attempts (`hard`) or let them finish (`soft`). */
  readonly pauseMode: 'soft' | 'hard' | null;
  /** What it did when it was last paused: where resume_job goes on. */
  readonly pausedFrom: 'running' | 'post_processing' | null;
  readonly userIntent: string;
  readonly enumeratorType: string;
  readonly enumeratorConfig: JsonObject;
  /** Union of the payload fields seen in the source. */
  readonly fields: readonly string[];
  readonly totalUnits: number;
  /** Current revision number, 1 for the first. */
  readonly revision: number;
  /** Changed while running without a new revision; starts as the revision's limits.max_workers. */
  readonly maxWorkers: number;
  readonly testUnits: number;
  readonly test: JobTest | null;
  readonly requireHumanApproval: boolean;
  /** What its current revision can do beyond its bounds, as derived when it was made. */
  readonly powers: readonly Power[];
  /** The definition that it was last allowed to run, where a person had to allow it; null before. */
  readonly approvedDefinition: string | null;
  /** Whether what certainly is a secret is removed from results before they are stored. */
  readonly redactResults: boolean;
  readonly postProcessing: PostProcessing | null;
  /** null = its results are written only where somebody exports them. */
  readonly output: JobOutput | null;
  readonly outputState: OutputState | null;
  /** The id that its creator gave to the request, and the hash of what was asked for; null = none was given. */
  readonly request: { readonly id: string; readonly hash: string } | null;
  /** Absolute, without links: the batch file that it was made from; null = from none. */
  readonly batchFile: string | null;
  /** The process that made it and carries it out in front of a person; null = nobody did. */
  readonly carriedOutBy: ProcessIdentity | null;
  /** Absolute; what agents may read and where they start; null = none, they start in the output directory. */
  readonly home: string | null;
  /** Absolute; where relative paths of the worker start. */
  readonly workingDirectory: string;
  /** Absolute; below it agents may write. */
  readonly outputDirectory: string;
  /** Names of environment variables that the worker needs from whoever launches the executor. */
  readonly passEnv: readonly string[];
  /** Executors lost in a row without one settled unit between. */
  readonly executorsLost: number;
  readonly costUsd: number;
  readonly costEstimated: boolean;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** Highest event number so far. */
  readonly eventSeq: number;
}

/** A worker as chosen by the user: its driver's type and config, as given. */
export type WorkerChoice = JsonObject & { readonly type: string };

/** A numbered version of what may change about a job. Attempts name the revision they ran with. */
export interface Revision {
  readonly jobId: string;
  readonly revision: number;
  readonly template: string;
  readonly outputSchema: JsonObject | null;
  readonly worker: WorkerChoice;
  readonly limits: Limits;
  readonly note: string | null;
  readonly createdAt: number;
  /** What its worker was last started with by a person; null before. */
  readonly needs: RecordedNeeds | null;
}
