import type { FailureClass } from './failure.ts';
import type { Json, JsonObject } from './json.ts';
import type { UnitRef } from './unit.ts';

/** Attempt status → the statuses that may follow it. An attempt ends once. */
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

/** Meaning of each status for users: source of the README's table. */
export const ATTEMPT_STATUS_MEANING: Readonly<Record<AttemptStatus, string>> = {
  running: 'its worker is running, or it waits to be adopted or judged after its executor died',
  succeeded: 'ended with a result that passed every check',
  failed: 'ended without a result; its failure class says why',
  timed_out: 'was stopped at its time limit',
  cancelled: 'was stopped by a person',
  interrupted: 'was cut off by the death of its executor or machine, or by a hard pause',
};

/** Tells whether an attempt may move from one status to another. */
export function canMoveAttempt(from: AttemptStatus, to: AttemptStatus): boolean {
  return (ATTEMPT_TRANSITIONS[from] as readonly AttemptStatus[]).includes(to);
}

/** Status of an attempt that failed in this class. */
export function attemptStatusOf(failureClass: FailureClass): Exclude<AttemptStatus, 'running' | 'succeeded'> {
  if (failureClass === 'timeout') return 'timed_out';
  if (failureClass === 'cancelled' || failureClass === 'interrupted') return failureClass;
  return 'failed';
}

/** A file that an attempt wrote. `path` is relative to the job's output directory, `bytes` its size. */
export interface Artifact {
  readonly path: string;
  readonly bytes: number;
}

/** Result of a successful attempt. `structured` is set when the worker returned JSON. */
export interface UnitResult {
  readonly text: string | null;
  readonly structured?: Json;
  readonly artifacts?: readonly Artifact[];
}

/** Returns a result as JSON: structured, else its text; null = no result. */
export function resultValue(result: UnitResult | null | undefined): Json {
  return result?.structured ?? result?.text ?? null;
}

/** Usage of an attempt as reported by its worker; it counts whatever the outcome. */
export interface Usage {
  readonly costUsd?: number;
  /** True = the cost is the sum over the stream, because no result line came. */
  readonly costEstimated?: boolean;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly turns?: number;
  /** Session id of the agent, for continuing it. */
  readonly sessionId?: string;
  readonly durationMs?: number;
}

/** Facts about a run that a person should see before approving it. */
export interface AttemptNotes {
  readonly toolsUsed?: Readonly<Record<string, number>>;
  readonly toolsDenied?: readonly string[];
  readonly filesChanged?: readonly string[];
  readonly model?: string;
  /** Facts that did not decide the verdict: an exit code other than 0 after a success, a result given as text. */
  readonly remarks?: readonly string[];
  /** Number of secrets removed from the result before it was stored. */
  readonly secretsRemoved?: number;
}

/** Ending of an attempt: one shape for every ending. */
export type Outcome = { readonly usage: Usage; readonly notes?: AttemptNotes } & (
  | { readonly ok: true; readonly result: UnitResult }
  | {
      readonly ok: false;
      readonly failureClass: FailureClass;
      readonly message: string;
      /** Retry-After of the service, ms: a lower bound for the back-off. */
      readonly retryAfterMs?: number;
      /** Set with usage_limit: time at which the window opens (epoch ms). */
      readonly resumeAt?: number;
    }
);

/** Purpose of an attempt. */
export type AttemptPurpose = 'test' | 'batch';

/** Address of one attempt. */
export interface AttemptRef extends UnitRef {
  readonly attempt: number;
}

/** Record of a started run: JSON that only its worker's driver understands. */
export type Handle = JsonObject;

/** An attempt as stored. Times are epoch milliseconds. */
export interface Attempt extends AttemptRef {
  /** Number of the step that it tried. */
  readonly step: number;
  readonly purpose: AttemptPurpose;
  readonly status: AttemptStatus;
  readonly revision: number;
  /** Epoch of the lease of the executor that started it. */
  readonly epoch: number;
  /** Random; ABP_ATTEMPT_ID in the worker's environment, which identifies its processes. */
  readonly attemptId: string;
  readonly runDirectory: string;
  /** Machine of the executor that performs it; null until its handle is recorded. */
  readonly machineId: string | null;
  /** Handle of its run; null until it is recorded. */
  readonly handle: Handle | null;
  /** Epoch ms of its time limit; null until its handle is recorded. */
  readonly deadlineAt: number | null;
  readonly reservedUsd: number;
  readonly failureClass: FailureClass | null;
  readonly message: string | null;
  readonly result: UnitResult | null;
  readonly usage: Usage;
  readonly notes: AttemptNotes | null;
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** Executors that took it over and began to judge its output; while it runs, all of them were lost. */
  readonly judges: number;
}

/**
 * Duration of an attempt, or of its run up to `now` (epoch ms), in ms: measured by its worker on a monotonic clock,
 * else the difference of the stored times, never negative (the wall clock may have been set back).
 */
export function attemptDurationMs({ usage, startedAt, endedAt }: Attempt, now: number): number {
  return usage.durationMs ?? Math.max(0, (endedAt ?? now) - startedAt);
}
