import type { z } from 'zod';
import type { AttemptRef, Handle, Outcome, Usage } from '../domain/attempt.ts';
import type { Awaitable } from '../domain/awaitable.ts';
import type { Hint } from '../domain/hint.ts';
import type { WorkerChoice } from '../domain/job.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { Needs } from '../domain/needs.ts';
import type { Bounds, Power } from '../domain/power.ts';

/** What a worker executes: one attempt, or several at once. Everything that the worker may know about it. */
export interface Run {
  /** At least one; outcomes are in this order. */
  readonly attempts: readonly AttemptToRun[];
  /** The worker's config, parsed by its configSchema. */
  readonly config: JsonObject;
  /** Absolute; exists; holds only this run's files. A run starts once in it. */
  readonly runDirectory: string;
  /** Absolute; the agent may read it and starts in it; null = it starts in the output directory. */
  readonly home: string | null;
  /** Absolute; base of the config's relative paths. */
  readonly workingDirectory: string;
  /** Absolute; the agent may write below it. */
  readonly outputDirectory: string;
  /** Absolute; directories the agent may read beside its home: those of the source, the output of the units. */
  readonly readableDirectories: readonly string[];
  /** From the start, on the monotonic clock. */
  readonly timeoutMs: number;
  /** Epoch ms of that limit, as recorded with the handle; null = not recorded. */
  readonly deadlineAt: number | null;
  /** 0 = none. */
  readonly idleTimeoutMs: number;
  /** Needs recorded at the start of the job, which win over what is found now; null = none. */
  readonly needs: Needs | null;
  /** Environment of the executor; the worker passes on only the variables it names. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** An attempt within a run: what belongs to its unit alone. */
export interface AttemptToRun extends AttemptRef {
  /** Random; the environment of its processes carries it as ABP_ATTEMPT_ID. */
  readonly attemptId: string;
  /** Name of its step. */
  readonly step: string;
  readonly prompt: RenderedPrompt;
  readonly payload: JsonObject;
  /** Results of the unit at earlier steps, by the name of the step. */
  readonly results: JsonObject;
  readonly outputSchema: JsonObject | null;
  /** Most US dollars it may spend; null = no cap. */
  readonly budgetUsd: number | null;
  /** Session of an earlier attempt to continue; null = start a new one. */
  readonly resumeSessionId: string | null;
  /** Cost of that session so far by its own result lines, US dollars; absent = not reported. */
  readonly resumeCostUsd?: number;
}

/** A prompt in two parts: the bytes that are the same for every unit of the job (cacheable), then the rest. */
export interface RenderedPrompt {
  readonly system: string;
  readonly user: string;
}

/** What `start` answers: a handle, durable by now, or the ending of a run that could not start. */
export type Started = { readonly is: 'started'; readonly handle: Handle } | Ended;

/** A run that has ended: an outcome for each of its attempts, in their order. */
export interface Ended {
  readonly is: 'ended';
  readonly outcomes: readonly Outcome[];
}

/** How a run ended. `cut_off`: it will never end by itself; the usage of each attempt up to then, in their order. */
export type Ending = Ended | { readonly is: 'cut_off'; readonly usages: readonly Usage[] };

/** Link between a worker and its executor while it is attached to a run. */
export interface Attachment {
  /** Aborted = stop the run now. The reason is an AbortReason. */
  readonly signal: AbortSignal;
  /** Called when a run that this process did not start is found alive, or a run under another handle than was given. */
  readonly onFound?: (handle: Handle) => void;
  /** Awaited before the outcome of a run that this process did not start is read. */
  readonly beforeJudging?: () => Promise<void>;
}

/** Reason why a run is stopped from outside; it becomes the failure class. */
export type AbortReason = 'cancelled' | 'interrupted';

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

/** Fields that determine the directory in which an agent works. */
export type WorkingPlace = Pick<Run, 'config' | 'home' | 'workingDirectory' | 'outputDirectory'> &
  Pick<AttemptToRun, 'payload' | 'scope'>;

/** What a config decides outside its worker; no other part of ABP reads fields of a config. */
export interface Policy {
  /** Most US dollars that one attempt may spend; 0 = its attempts cost nothing, null = no cap of its own. */
  readonly attemptCapUsd: number | null;
  /** Time limit of a run; null = the job's. */
  readonly timeoutMs: number | null;
  /** Time without output after which a run is stopped, 0 = never; null = the job's. */
  readonly idleTimeoutMs: number | null;
  /** Model that its agents ask for, by name; null = none, or the default. */
  readonly model: string | null;
  /** Names of environment variables that an executor must have. */
  readonly variables: readonly string[];
}

/**
 * The port of a worker: performs runs. It depends on no memory of the executor that started a run: another one attaches
 * by the recorded handle, or without it, and by the run directory.
 */
export interface Worker {
  readonly type: string;
  readonly description: string;
  /** Where another executor can attach to a run: on the machine that started it, or anywhere. */
  readonly reach: 'machine' | 'anywhere';
  /** Strict zod object; parses the user's `worker` without its `type`. */
  readonly configSchema: z.ZodType<JsonObject>;
  policy(config: JsonObject): Policy;
  /** Returns the powers of its runs, derived from the whole config. */
  powers(config: JsonObject, bounds: Bounds): readonly Power[];
  /**
   * Returns the files that decide what its runs do, absolute: their bytes are part of the definition. `base` is the
   * base of relative paths.
   */
  definingFiles(config: JsonObject, base: string, home: string | null): readonly string[];
  /** Returns the config, complete or as given, so that it means the same from any directory: its paths absolute. */
  resolve(config: JsonObject, base: string): JsonObject;
  /** Throws AbpError `invalid_input` for an output schema that this worker does not support; absent = it supports all. */
  checkSchema?(schema: JsonObject): void;
  preflight(config: JsonObject, environment: Readonly<Record<string, string | undefined>>): Awaitable<Preflight>;
  /** Returns the program and variables that it uses here, after a successful preflight. */
  needs(config: JsonObject, environment: Readonly<Record<string, string | undefined>>): Awaitable<Needs>;
  /**
   * Starts a run. Once it is called a later `attach` finds the run, whether it answered or not. Rejects when the run
   * directory is in use, and with system errors such as a full disk.
   */
  start(run: Run): Promise<Started>;
  /**
   * Waits for the end of a run under its limits and judges it; a run that has ended already is judged again from its
   * files. `handle`: as recorded, null = not recorded. A run that was not started by now never starts. A run that was
   * cancelled and is no longer alive is `cut_off` without being judged. Rejects with system errors.
   */
  attach(run: Run, handle: Handle | null, attachment: Attachment): Promise<Ending>;
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
