import type { z } from 'zod';
import type { AttemptRef, Outcome } from '../domain/attempt.ts';
import type { Awaitable } from '../domain/awaitable.ts';
import type { WorkerChoice } from '../domain/job.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { ProcessIdentity } from '../domain/lease.ts';
import type { Needs } from '../domain/needs.ts';
import type { Bounds, Power } from '../domain/power.ts';

/** One attempt to be performed: everything a worker may know about it. */
export interface Assignment extends AttemptRef {
  /** Random; the worker's environment carries it as ABP_ATTEMPT_ID. */
  readonly attemptId: string;
  readonly prompt: RenderedPrompt;
  readonly payload: JsonObject;
  /** The worker's config, parsed by its configSchema. */
  readonly config: JsonObject;
  readonly outputSchema: JsonObject | null;
  /** Absolute; exists; holds this attempt's files and nothing else. */
  readonly runDirectory: string;
  /** Absolute; what the agent may read and where it starts; null = it starts in the output directory. */
  readonly home: string | null;
  /** Absolute; relative paths of the config start there. */
  readonly workingDirectory: string;
  /** Absolute; the agent may write below it. */
  readonly outputDirectory: string;
  /** Absolute directories the agent may read beside its working directory: a file job's base_directory, what units made. */
  readonly readableDirectories: readonly string[];
  /** From the spawn, on the monotonic clock. */
  readonly timeoutMs: number;
  /** Epoch ms of that limit, for an attempt that is adopted; null before the spawn. */
  readonly deadlineAt: number | null;
  /** 0 = none. */
  readonly idleTimeoutMs: number;
  /** Money this attempt may spend; null = no cap. */
  readonly budgetUsd: number | null;
  /** An earlier attempt's session to be continued instead of starting over. */
  readonly resumeSessionId: string | null;
  /** What that session had cost by its own result lines, US dollars; absent where they said nothing. */
  readonly resumeCostUsd?: number;
  /** What the start of the job recorded, which comes before what is found now; null = nothing. */
  readonly needs: Needs | null;
  /** The environment of the executor, from which the worker takes only what it names. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A prompt in two parts: bytes identical for every unit of the job first (cacheable), then what varies. */
export interface RenderedPrompt {
  readonly system: string;
  readonly user: string;
}

/** What a worker tells its executor while it runs. */
export interface RunContext {
  /** Aborted = stop the process group now (TERM, then KILL). The reason is an AbortReason. */
  readonly signal: AbortSignal;
  /** Called once, right after the spawn, or when an adopted attempt was found alive. */
  readonly onSpawn?: (process: SpawnRecord) => void;
  /** Waited for when an adopted attempt has ended, before anything of its output is judged. */
  readonly beforeJudging?: () => Promise<void>;
}

/** Why a running attempt is stopped from outside: decides the failure class of its outcome. */
export type AbortReason = 'cancelled' | 'interrupted';

/** Who runs an attempt. */
export type SpawnRecord = ProcessIdentity;

/** Whether a worker can work on this machine now. */
export type Preflight =
  | { readonly ok: true; readonly summary: string; readonly details?: Readonly<Record<string, Json>> }
  | {
      readonly ok: false;
      readonly failureClass: 'auth' | 'billing' | 'worker_unavailable' | 'bad_input';
      readonly message: string;
      readonly hint: string;
    };

/** One step of a conversation, in order. `text` is untrusted: shown as text, never as markup. */
export interface ConversationEntry {
  /** Line number in the stream: the cursor of paging. */
  readonly seq: number;
  readonly role: 'system' | 'user' | 'assistant' | 'tool' | 'result' | 'log';
  readonly kind: 'text' | 'tool_call' | 'tool_result' | 'notice';
  readonly tool?: string;
  readonly text: string;
  /** Images that came with it, as data URLs (png, jpeg, gif, webp); for a screen, never for a model. */
  readonly images?: readonly string[];
}

/** What a worker needs to judge files without a process: its config and the schema that was asked for. */
export type JudgeContext = Pick<Assignment, 'config' | 'outputSchema' | 'outputDirectory'>;

/** What decides about the directory in which an agent works. */
export type WorkingPlace = Pick<
  Assignment,
  'config' | 'payload' | 'stage' | 'home' | 'workingDirectory' | 'outputDirectory'
>;

/**
 * The port of a worker: performs one attempt. Nothing it does may depend on memory of the executor that started it:
 * `adopt` waits for an attempt that another executor spawned, `judge` reads the outcome from the files alone.
 */
export interface Worker {
  readonly type: string;
  readonly description: string;
  /** Strict zod object; parses the user's `worker` without its `type`. */
  readonly configSchema: z.ZodType<JsonObject>;
  /** What its runs can do beyond the bounds of their job, from the whole of the config. */
  powers(config: JsonObject, bounds: Bounds): readonly Power[];
  /** Files that decide what its runs do, absolute: their bytes are part of what a person approves. `base`: where relative paths start. */
  definingFiles(config: JsonObject, base: string, home: string | null): readonly string[];
  /** Names of environment variables that an executor must have for this config. */
  requiredEnvironment(config: JsonObject): readonly string[];
  /** Throws AbpError `invalid_input` for an output schema that this worker cannot ask for; absent = it takes any. */
  checkSchema?(schema: JsonObject): void;
  preflight(config: JsonObject, environment: Readonly<Record<string, string | undefined>>): Awaitable<Preflight>;
  /** What it works with here, after a preflight that went well. */
  needs(config: JsonObject, environment: Readonly<Record<string, string | undefined>>): Awaitable<Needs>;
  run(assignment: Assignment, context: RunContext): Promise<Outcome>;
  /**
   * Waits for the living processes of an attempt that an earlier executor spawned, found by their ABP_ATTEMPT_ID, under
   * the same limits; null when none lives any more. With a signal that is aborted already it stops them.
   */
  adopt(assignment: Assignment, process: SpawnRecord | null, context: RunContext): Promise<Outcome | null>;
  /** The outcome from the run directory alone; null when the files hold no ending (it was cut off). */
  judge(runDirectory: string, context: JudgeContext): Promise<Outcome | null>;
  /** What was used up to a cut-off, from the files alone. */
  usageSoFar(runDirectory: string): Promise<Outcome['usage']>;
  /** The conversation in a run directory, from a line on; whole file never in memory. */
  conversation(runDirectory: string, from: number): AsyncIterable<ConversationEntry>;
  /** The last thing that a running attempt said or did, read from the end of its files; null while there is nothing. Its seq says nothing. */
  latestStep(runDirectory: string): Awaitable<ConversationEntry | null>;
  /** What continues this session in a terminal, where its agent worked; null where that does not exist. */
  resumeCommand(sessionId: string, place: WorkingPlace): string | null;
}

/** All workers there are. */
export interface Workers {
  readonly types: readonly string[];
  /** A user's choice with its driver, its config checked and completed. Throws AbpError `invalid_input`. */
  parse(choice: WorkerChoice): Promise<{ readonly worker: Worker; readonly config: JsonObject }>;
}
