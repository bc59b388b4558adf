import type { FailureClass } from './failure.ts';
import type { Json } from './json.ts';
import type { UnitRef } from './unit.ts';

/** For each attempt status, the statuses it may become: it ends once and for ever. */
export const ATTEMPT_TRANSITIONS = {
  running: ['succeeded', 'failed', 'timed_out', 'cancelled', 'interrupted'],
  succeeded: [],
  failed: [],
  timed_out: [],
  cancelled: [],
  interrupted: [],
} as const satisfies Record<string, readonly string[]>;

export type AttemptStatus = keyof typeof ATTEMPT_TRANSITIONS;
export const ATTEMPT_STATUSES = Object.keys(ATTEMPT_TRANSITIONS) as readonly AttemptStatus[];

/** What each status means, in a user's words: source of the README's table. */
export const ATTEMPT_STATUS_MEANING: Readonly<Record<AttemptStatus, string>> = {
  running: 'its worker is at work, or waits to be adopted or judged after its executor died',
  succeeded: 'ended with a result that passed every check',
  failed: 'ended without one; its failure class says why',
  timed_out: 'was stopped at its time limit',
  cancelled: 'was stopped by a person',
  interrupted: 'was cut off with its executor or machine, or by a hard pause',
};

/** Whether an attempt may go from one status to another. */
export function canMoveAttempt(from: AttemptStatus, to: AttemptStatus): boolean {
  return (ATTEMPT_TRANSITIONS[from] as readonly AttemptStatus[]).includes(to);
}

/** The status in which an attempt ends that failed in this class. */
export function attemptStatusOf(failureClass: FailureClass): Exclude<AttemptStatus, 'running' | 'succeeded'> {
  if (failureClass === 'timeout') return 'timed_out';
  if (failureClass === 'cancelled' || failureClass === 'interrupted') return failureClass;
  return 'failed';
}

/** A file that an attempt made: path relative to the job's output directory, size in bytes. */
export interface Artifact {
  readonly path: string;
  readonly bytes: number;
}

/** What a successful attempt produced. `structured` is there when the worker gave JSON. */
export interface UnitResult {
  readonly text: string | null;
  readonly structured?: Json;
  readonly artifacts?: readonly Artifact[];
}

/** What an attempt used, as far as its worker knows; counted whatever the ending. */
export interface Usage {
  readonly costUsd?: number;
  /** The cost was summed from the stream because no result line came. */
  readonly costEstimated?: boolean;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly turns?: number;
  /** The agent's own session, by which it can be continued. */
  readonly sessionId?: string;
  readonly durationMs?: number;
}

/** What happened inside an attempt that a person should see before approving: tools used and refused, files changed, secrets removed. */
export interface AttemptNotes {
  readonly toolsUsed?: Readonly<Record<string, number>>;
  readonly toolsDenied?: readonly string[];
  readonly filesChanged?: readonly string[];
  readonly model?: string;
  /** What did not decide and should be known all the same: an exit code other than 0 after a success, a result given as text. */
  readonly remarks?: readonly string[];
  /** Secrets that were removed from the result before it was stored. */
  readonly secretsRemoved?: number;
}

/** How an attempt ended: one shape for every ending. */
export type Outcome = { readonly usage: Usage; readonly notes?: AttemptNotes } & (
  | { readonly ok: true; readonly result: UnitResult }
  | {
      readonly ok: false;
      readonly failureClass: FailureClass;
      readonly message: string;
      /** The service's Retry-After: a floor for the back-off. */
      readonly retryAfterMs?: number;
      /** With usage_limit: when the window opens (epoch ms). */
      readonly resumeAt?: number;
    }
);

/** Why an attempt was made. */
export type AttemptPurpose = 'test' | 'batch' | 'post';

/** Names one attempt. */
export interface AttemptRef extends UnitRef {
  readonly attempt: number;
}

/** An attempt as stored. Times are epoch milliseconds. */
export interface Attempt extends AttemptRef {
  readonly purpose: AttemptPurpose;
  readonly status: AttemptStatus;
  readonly revision: number;
  /** Epoch of the lease under which it was started. */
  readonly epoch: number;
  /** Random; in the worker's environment as ABP_ATTEMPT_ID, by which its processes are found. */
  readonly attemptId: string;
  readonly runDirectory: string;
  /** Of the process that runs it, as its other three; all null until it is recorded. */
  readonly machineId: string | null;
  readonly pid: number | null;
  readonly pidStartedAt: string | null;
  readonly bootId: string | null;
  /** Epoch ms after which its keeper stops it. */
  readonly deadlineAt: number | null;
  readonly reservedUsd: number;
  readonly failureClass: FailureClass | null;
  readonly message: string | null;
  readonly result: UnitResult | null;
  readonly usage: Usage;
  readonly notes: AttemptNotes | null;
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** Executors that took it over and began to judge its output: while it runs, all of them were lost over it. */
  readonly judges: number;
}

/**
 * How long an attempt took, or has taken by `now` (epoch ms): what its worker measured on a monotonic clock, else from the
 * stored times, between which the wall clock may have been changed.
 */
export function attemptDurationMs({ usage, startedAt, endedAt }: Attempt, now: number): number {
  return usage.durationMs ?? Math.max(0, (endedAt ?? now) - startedAt);
}
