import type { z } from 'zod';
import type { AttemptRef, Outcome } from '../domain/attempt.ts';
import type { Awaitable } from '../domain/awaitable.ts';
import type { Hint } from '../domain/hint.ts';
import type { WorkerChoice } from '../domain/job.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { ProcessIdentity } from '../domain/lease.ts';
import type { Needs } from '../domain/needs.ts';
import type { Bounds, Power } from '../domain/power.ts';

/** An attempt to perform: everything a worker may know about it. */
export interface Assignment extends AttemptRef {
  /** Random; the worker's environment carries it as ABP_ATTEMPT_ID. */
  readonly attemptId: string;
  readonly prompt: RenderedPrompt;
  readonly payload: JsonObject;
  /** The worker's config, parsed by its configSchema. */
  readonly config: JsonObject;
  readonly outputSchema: JsonObject | null;
  /** Absolute; exists; holds only this attempt's files. */
  readonly runDirectory: string;
  /** Absolute; the agent may read it and starts in it; null = it starts in the output directory. */
  readonly home: string | null;
  /** Absolute; base of the config's relative paths. */
  readonly workingDirectory: string;
  /** Absolute; the agent may write below it. */
  readonly outputDirectory: string;
  /** Absolute; directories the agent may read beside its home: a file job's base_directory, the output of the units. */
  readonly readableDirectories: readonly string[];
  /** From the spawn, on the monotonic clock. */
  readonly timeoutMs: number;
  /** Epoch ms of that limit, for an adopted attempt; null before the spawn. */
  readonly deadlineAt: number | null;
  /** 0 = none. */
  readonly idleTimeoutMs: number;
  /** Most US dollars this attempt may spend; null = no cap. */
  readonly budgetUsd: number | null;
  /** Session of an earlier attempt to continue; null = start a new one. */
  readonly resumeSessionId: string | null;
  /** Cost of that session so far by its own result lines, US dollars; absent = not reported. */
  readonly resumeCostUsd?: number;
  /** Needs recorded at the start of the job, which win over what is found now; null = none. */
  readonly needs: Needs | null;
  /** Environment of the executor; the worker passes on only the variables it names. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A prompt in two parts: the bytes that are the same for every unit of the job (cacheable), then the rest. */
export interface RenderedPrompt {
  readonly system: string;
  readonly user: string;
}

/** Link between a worker and its executor during a run. */
export interface RunContext {
  /** Aborted = stop the process group now (TERM, then KILL). The reason is an AbortReason. */
  readonly signal: AbortSignal;
  /** Called once, after the spawn or when an adopted attempt was found alive. */
  readonly onSpawn?: (process: SpawnRecord) => void;
  /** Awaited when an adopted attempt has ended, before its output is judged. */
  readonly beforeJudging?: () => Promise<void>;
}

/** Reason why a running attempt is stopped from outside; it becomes the failure class. */
export type AbortReason = 'cancelled' | 'interrupted';

/** Process of an attempt. */
export type SpawnRecord = ProcessIdentity;

/** Result of a preflight: whether the worker can run on this machine now. */
export type Preflight =
  | { readonly ok: true; readonly summary: string; readonly details?: Readonly<Record<string, Json>> }
  | {
      readonly ok: false;
      readonly failureClass: 'auth' | 'billing' | 'worker_unavailable' | 'bad_input';
      readonly message: string;
      readonly hint: Hint;
    };

/** One entry of a conversation, in order. `text` is untrusted: shown as text, never as markup. */
export interface ConversationEntry {
  /** Line number in the stream: the cursor of paging. */
  readonly seq: number;
  readonly role: 'system' | 'user' | 'assistant' | 'tool' | 'result' | 'log';
  readonly kind: 'text' | 'tool_call' | 'tool_result' | 'notice';
  readonly tool?: string;
  readonly text: string;
  /** Images of the entry as data URLs (png, jpeg, gif, webp); for a screen, never for a model. */
  readonly images?: readonly string[];
}

/** Input for judging files without a process. */
export type JudgeContext = Pick<Assignment, 'config' | 'outputSchema' | 'outputDirectory'>;

/** Fields that determine the directory in which an agent works. */
export type WorkingPlace = Pick<
  Assignment,
  'config' | 'payload' | 'stage' | 'home' | 'workingDirectory' | 'outputDirectory'
>;

/**
 * The port of a worker: performs one attempt. It depends on no memory of the executor that started it: `adopt` waits
 * for an attempt that another executor spawned, `judge` reads the outcome from the files alone.
 */
export interface Worker {
  readonly type: string;
  readonly description: string;
  /** Strict zod object; parses the user's `worker` without its `type`. */
  readonly configSchema: z.ZodType<JsonObject>;
  /** Returns the powers of its runs, derived from the whole config. */
  powers(config: JsonObject, bounds: Bounds): readonly Power[];
  /**
   * Returns the files that decide what its runs do, absolute: their bytes are part of the definition. `base` is the
   * base of relative paths.
   */
  definingFiles(config: JsonObject, base: string, home: string | null): readonly string[];
  /** Returns the names of environment variables that an executor must have for this config. */
  requiredEnvironment(config: JsonObject): readonly string[];
  /** Throws AbpError `invalid_input` for an output schema that this worker does not support; absent = it supports all. */
  checkSchema?(schema: JsonObject): void;
  preflight(config: JsonObject, environment: Readonly<Record<string, string | undefined>>): Awaitable<Preflight>;
  /** Returns the program and variables that it uses here, after a successful preflight. */
  needs(config: JsonObject, environment: Readonly<Record<string, string | undefined>>): Awaitable<Needs>;
  run(assignment: Assignment, context: RunContext): Promise<Outcome>;
  /**
   * Waits for the living processes of an attempt that an earlier executor spawned, found by ABP_ATTEMPT_ID, under the
   * same limits; null = none is alive. Stops them when the signal is already aborted.
   */
  adopt(assignment: Assignment, process: SpawnRecord | null, context: RunContext): Promise<Outcome | null>;
  /** Reads the outcome from the run directory alone; null = the files hold no ending (the attempt was cut off). */
  judge(runDirectory: string, context: JudgeContext): Promise<Outcome | null>;
  /** Reads the usage up to a cut-off from the files alone. */
  usageSoFar(runDirectory: string): Promise<Outcome['usage']>;
  /** Streams the conversation in a run directory from a line on; never holds the whole file in memory. */
  conversation(runDirectory: string, from: number): AsyncIterable<ConversationEntry>;
  /** Reads the latest entry of a running attempt from the end of its files; null = nothing yet. Its seq is meaningless. */
  latestStep(runDirectory: string): Awaitable<ConversationEntry | null>;
  /** Returns the shell command that continues this session where its agent worked; null = that place does not exist. */
  resumeCommand(sessionId: string, place: WorkingPlace): string | null;
}

/** All workers. */
export interface Workers {
  readonly types: readonly string[];
  /** Resolves a user's choice to its driver and its checked, completed config. Throws AbpError `invalid_input`. */
  parse(choice: WorkerChoice): Promise<{ readonly worker: Worker; readonly config: JsonObject }>;
}
