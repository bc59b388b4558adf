import type { Advice } from './advice.ts';
import type { FailureClass } from './failure.ts';
import { EDITING_PROMPT, hint, mention, using } from './hint.ts';
import type { JobOutput, OutputState } from './job-output.ts';
import type { JsonObject } from './json.ts';
import type { ProcessIdentity } from './lease.ts';
import type { Limits } from './limits.ts';
import type { RecordedNeeds } from './needs.ts';
import type { Power } from './power.ts';
import type { Step } from './step.ts';

/** Job status → the statuses that may follow it. The compare half of every compare-and-set follows the same table. */
export const JOB_TRANSITIONS = {
  enumerating: ['created'],
  created: ['testing', 'running', 'cancelled'],
  testing: ['running', 'created', 'cancelled'],
  running: ['paused', 'completed', 'failed', 'cancelled'],
  paused: ['running', 'cancelled'],
  completed: ['running'],
  failed: ['running'],
  cancelled: [],
} as const satisfies Record<string, readonly string[]>;

export type JobStatus = keyof typeof JOB_TRANSITIONS;
export const JOB_STATUSES = Object.keys(JOB_TRANSITIONS) as readonly JobStatus[];

/** Meaning of each status for users: source of the README's table. */
export const JOB_STATUS_MEANING: Readonly<Record<JobStatus, string>> = {
  enumerating: 'the source is being read into units; the job can be shown and cancelled',
  created: 'ready; nothing has been spent',
  testing: 'a test unit is running, or its result waits for approval',
  running: 'an executor works on the units, then on its last steps',
  paused: 'stopped for the reason in pause_reason; nothing is lost',
  completed: 'every unit ended and none failed',
  failed: 'every unit ended and at least one failed after its last retry, or a step of scope job failed',
  cancelled: 'cancelled by a person; its results can be exported',
};

/** Statuses that need an executor: a job in one of them without a living executor is lost. */
export const EXECUTING: readonly JobStatus[] = ['testing', 'running'];
/** Tells whether a job needs an executor at work; a test that has ended waits for a person instead. */
export function isExecuting({ status, test }: Pick<Job, 'status' | 'test'>): boolean {
  return status === 'testing' ? test?.state === 'running' : EXECUTING.includes(status);
}

/** Tells whether a job continues without a person, which takes an executor: at work, or waiting for the quota window. */
export function needsExecutor(job: Pick<Job, 'status' | 'test' | 'pauseReason'>): boolean {
  return isExecuting(job) || job.pauseReason === 'usage_limit';
}

/** Statuses in which a job has ended. */
export const ENDED: readonly JobStatus[] = ['completed', 'failed', 'cancelled'];

/** Tells whether a job has ended and its results are still to be written, which takes an executor. */
export function isOutputDue({ status, outputState }: Pick<Job, 'status' | 'outputState'>): boolean {
  return (status === 'completed' || status === 'failed') && outputState?.state === 'due';
}

/** Tells whether only a person can start a job and approve its test: it has powers, or was created to require that. */
export function needsPerson({ requireHumanApproval, powers }: Pick<Job, 'requireHumanApproval' | 'powers'>): boolean {
  return requireHumanApproval || powers.length > 0;
}

/** Tells whether a job may move from one status to another. */
export function canMoveJob(from: JobStatus, to: JobStatus): boolean {
  return (JOB_TRANSITIONS[from] as readonly JobStatus[]).includes(to);
}

/** Returns the statuses from which `to` may be reached: the compare half of a compare-and-set. */
export function jobStatusesBefore(to: JobStatus): readonly JobStatus[] {
  return JOB_STATUSES.filter((from) => canMoveJob(from, to));
}

/**
 * Reasons for a pause, with their meaning and what to do where no failure class says it better. Only usage_limit keeps the
 * executor and resumes by itself at `resumeAt`.
 */
export const PAUSE_REASONS = {
  user: { meaning: 'paused by a person', advice: { fix: hint`${mention('resume_job')} continues it` } },
  usage_limit: {
    meaning: 'the quota window is closed',
    advice: { fix: 'Nothing to do: the job resumes by itself at resume_at' },
  },
  budget: {
    meaning: 'the budget is used up',
    advice: {
      fix: hint`Raise limits.budget_usd (or lower max_budget_usd of the worker, where it has one) ${using('update_job')}`,
      next: 'resume',
    },
  },
  failures: {
    meaning: 'too many units failed',
    advice: { fix: hint`Look at failures, fix the prompt ${EDITING_PROMPT}`, next: 'resume' },
  },
  auth: {
    meaning: 'the worker cannot log in or pay, or its model is unknown',
    advice: { fix: 'Fix that', next: 'resume' },
  },
  worker_unavailable: {
    meaning: 'the worker cannot be started or reached',
    advice: { fix: 'Fix that', next: 'resume' },
  },
  disk: { meaning: 'the disk is full', advice: { fix: 'Make room', next: 'resume' } },
  approval: {
    meaning: 'the definition changed since its approval, or the approval was revoked',
    advice: { fix: hint`${mention('resume_job')} asks a person` },
  },
  crashed: {
    meaning: 'the executor died three times without settling a unit',
    advice: { fix: 'Read its log', next: 'resume' },
  },
} as const satisfies Record<string, { readonly meaning: string; readonly advice: Advice }>;

export type PauseReason = keyof typeof PAUSE_REASONS;

/** The test of a job in `testing`: one attempt per test unit, then a verdict that waits for a person. */
export interface JobTest {
  readonly state: 'running' | 'passed' | 'failed';
  /** Indexes of the test units, ascending. */
  readonly units: readonly number[];
  /** Verdict in one sentence for a person: what happened. What to do follows from `stoppedBy` or the failed unit. */
  readonly verdict: string | null;
  /** What ended the test before its units did, if anything; it would have paused a running job. */
  readonly stoppedBy?: PauseReason;
  /** Executors that died during this test; the second death fails it. */
  readonly executorsLost: number;
  readonly startedAt: number;
  readonly endedAt: number | null;
}

/** A job as stored. Times are epoch milliseconds, money is US dollars. */
export interface Job {
  readonly jobId: string;
  readonly name: string;
  readonly status: JobStatus;
  readonly pauseReason: PauseReason | null;
  /** Failure class that paused it; null = none did. Says what to do about the pause. */
  readonly pauseClass: FailureClass | null;
  /** Text for a person, what happened; set with a pause or a failed end. */
  readonly statusMessage: string | null;
  readonly resumeAt: number | null;
  /** With a user pause: interrupt running attempts (`hard`) or let them finish (`soft`). */
  readonly pauseMode: 'soft' | 'hard' | null;
  readonly userIntent: string;
  readonly enumeratorType: string;
  readonly enumeratorConfig: JsonObject;
  /** Union of the payload fields of all units. */
  readonly fields: readonly string[];
  readonly totalUnits: number;
  /** Current revision number, 1 for the first. */
  readonly revision: number;
  /** Slots; may change while running without a new revision. Starts as the revision's limits.max_workers. */
  readonly maxWorkers: number;
  readonly testUnits: number;
  readonly test: JobTest | null;
  readonly requireHumanApproval: boolean;
  /** Powers of the current revision, derived when it was made. */
  readonly powers: readonly Power[];
  /** Definition that a person last allowed it to run; null = none. */
  readonly approvedDefinition: string | null;
  /** True = certain secrets are removed from results before they are stored. */
  readonly redactResults: boolean;
  /** True = its steps of scope job have begun over the present results; units that are put back make them wait again. */
  readonly jobStepsBegun: boolean;
  /** Number of the step of scope job that a person asked for, whatever failed; null = none. */
  readonly askedJobStep: number | null;
  /** null = results are written only by an export. */
  readonly output: JobOutput | null;
  readonly outputState: OutputState | null;
  /** Id that the creator gave to the request, and the hash of its content; null = no id was given. */
  readonly request: { readonly id: string; readonly hash: string } | null;
  /** Absolute, links resolved: the batch file that it was made from; null = none. */
  readonly batchFile: string | null;
  /** Process of `abp run` that carries it out in the foreground; null = none. */
  readonly carriedOutBy: ProcessIdentity | null;
  /** Absolute; agents may read it and start in it; null = no home, agents start in the output directory. */
  readonly home: string | null;
  /** Absolute; base of the worker's relative paths. */
  readonly workingDirectory: string;
  /** Absolute; agents may write below it. */
  readonly outputDirectory: string;
  /** Names of environment variables that the executor must have for the worker. */
  readonly passEnv: readonly string[];
  /** Executors lost in a row without settling a unit in between. */
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

/** The user's choice of a worker: type and config, as given. */
export type WorkerChoice = JsonObject & { readonly type: string };

/** A numbered version of a job's steps and limits. Attempts name the revision they ran with. */
export interface Revision {
  readonly jobId: string;
  readonly revision: number;
  /** At least one, in the order in which a unit passes them: their numbers are their positions. */
  readonly steps: readonly Step[];
  readonly limits: Limits;
  readonly note: string | null;
  readonly createdAt: number;
  /** Needs of the workers by step, recorded when a person last started or resumed it; null = never. */
  readonly needs: StepNeeds | null;
}

/** Needs of the workers of a job's steps, by the name of the step. */
export type StepNeeds = Readonly<Record<string, RecordedNeeds>>;
