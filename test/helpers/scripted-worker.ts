import { Readable } from 'node:stream';
import { z } from 'zod';
import type { Handle, Outcome, Usage } from '../../src/domain/attempt.ts';
import { AbpError } from '../../src/domain/error.ts';
import type { FailureClass } from '../../src/domain/failure.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import { parseWith } from '../../src/domain/validate.ts';
import type { Attachment, ConversationEntry, Preflight, Worker, Workers } from '../../src/ports/worker.ts';
import { type Assignment, assignmentOf } from '../../src/workers/process/assignment.ts';

type Failure = Extract<Outcome, { ok: false }>;

/** A success. */
export function ok(result: Partial<Extract<Outcome, { ok: true }>['result']> = {}, usage: Usage = {}): Outcome {
  return { ok: true, result: { text: 'done', ...result }, usage };
}

/** A failure in a class. */
export function fails(failureClass: FailureClass, more: Partial<Omit<Failure, 'ok' | 'failureClass'>> = {}): Outcome {
  return { ok: false, failureClass, message: `It was ${failureClass}.`, usage: {}, ...more };
}

/** Runs until `finish`, or until its executor stops it. */
export const hangs = 'hangs';

export type Ending = Outcome | typeof hangs | ((assignment: Assignment) => Outcome | Promise<Outcome>);

/** An attempt that the worker performed, in order of the calls. */
export interface ScriptedRun {
  readonly assignment: Assignment;
  readonly adopted: boolean;
  /** Reason of its stop; null = not stopped. */
  readonly stopped: () => unknown;
}

type Left = 'alive' | 'stalls' | Outcome;

/** A worker whose attempts end as scripted, in this process. */
export interface ScriptedWorker {
  /** The types `scripted` and `other`, which differ only in name. */
  readonly workers: Workers;
  readonly runs: readonly ScriptedRun[];
  /** Running units, in order of their start. */
  readonly running: () => readonly number[];
  /** Ending of attempts without a script; by default a success. */
  otherwise: Ending;
  /** Result of its preflight; by default ok. */
  preflight: Preflight;
  /** Path of its program; by default none. */
  program: string | null;
  /** Scripts the endings of a unit's next attempts. */
  on(unit: number, ...endings: readonly Ending[]): void;
  /** Ends a hanging attempt of a unit. */
  finish(unit: number, outcome?: Outcome): void;
  /** Drops what hangs now: its executor is gone. */
  abandon(): void;
  /**
   * Sets what the next executor finds of a unit's orphaned attempt: it still runs, or its ending on disk. Judging one
   * that `stalls` never ends, in this executor and later ones.
   */
  leaves(unit: number, left: Left): void;
  /** Units whose files were judged, in order. */
  readonly judged: readonly number[];
  /** Sets the usage of a unit's attempt that was cut off. */
  used(unit: number, usage: Usage): void;
  /** Sets the conversation of a unit, in all its attempts. */
  said(unit: number, entries: readonly ConversationEntry[]): void;
}

/** Handle of every scripted run. */
const HANDLE: Handle = { scripted: true };

const configSchema = z.strictObject({
  pass_env: z.array(z.string()).optional(),
  max_budget_usd: z.number().optional(),
  timeout_s: z.number().optional(),
  permission: z.string().optional(),
  note: z.string().optional(),
  files: z.array(z.string()).optional(),
}) as unknown as z.ZodType<JsonObject>;

/** Creates a scripted worker. */
export function scriptedWorker(): ScriptedWorker {
  const runs: ScriptedRun[] = [];
  const endings = new Map<number, Ending[]>();
  const leaves = new Map<number, Left>();
  const judged: number[] = [];
  const usages = new Map<number, Usage>();
  const conversations = new Map<number, readonly ConversationEntry[]>();
  const hanging = new Map<number, (outcome: Outcome) => void>();
  const started = new Map<string, ReturnType<typeof began>>();

  function began(assignment: Assignment, adopted: boolean) {
    const run = { assignment, adopted, signal: null as AbortSignal | null };
    runs.push({ ...run, stopped: () => (run.signal?.aborted ? run.signal.reason : null) });
    return run;
  }

  function perform(assignment: Assignment, { signal }: Attachment, ending: Ending): Outcome | Promise<Outcome> {
    if (ending !== hangs) return typeof ending === 'function' ? ending(assignment) : ending;
    return new Promise<Outcome>((resolve) => {
      const { index } = assignment;
      const end = (outcome: Outcome) => {
        if (hanging.get(index) === end) hanging.delete(index);
        resolve(outcome);
      };
      hanging.set(index, end);
      const stop = () => end(fails(signal.reason, { usage: usages.get(index) ?? {} }));
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
  }

  const make = (type: string): Worker => ({
    type,
    description: 'Ends as the test says.',
    configSchema,
    powers: ({ permission }) => (permission === 'full' ? [{ kind: 'full', what: 'permission full' }] : []),
    definingFiles: ({ files }) => (files as readonly string[] | undefined) ?? [],
    reach: 'machine',
    policy: ({ max_budget_usd: cap, timeout_s, pass_env = [] }) => ({
      attemptCap: typeof cap === 'number' ? { usd: cap, field: 'max_budget_usd' } : null,
      timeoutMs: typeof timeout_s === 'number' ? timeout_s * 1000 : null,
      idleTimeoutMs: null,
      model: null,
      variables: pass_env as readonly string[],
    }),
    resolve: (config) => config,
    preflight: () => scripted.preflight,
    needs: (config) => ({
      program: scripted.program,
      variables: (config.pass_env as string[] | undefined) ?? [],
    }),
    start(run) {
      started.set(run.runDirectory, began(assignmentOf(run), false));
      return Promise.resolve({ is: 'started', handle: HANDLE });
    },
    attach: async (run, _handle, attachment) => {
      const assignment = assignmentOf(run);
      const { index } = assignment;
      const own = started.get(run.runDirectory);
      if (own) {
        started.delete(run.runDirectory);
        own.signal = attachment.signal;
        const ending = endings.get(index)?.shift() ?? scripted.otherwise;
        return { is: 'ended', outcomes: [await perform(assignment, attachment, ending)] };
      }
      const { signal, onFound, beforeJudging } = attachment;
      if (leaves.get(index) === 'alive') {
        leaves.delete(index);
        began(assignment, true).signal = signal;
        onFound?.(HANDLE);
        const outcome = await perform(assignment, attachment, hangs);
        await beforeJudging?.();
        return { is: 'ended', outcomes: [outcome] };
      }
      const cutOff = { is: 'cut_off', usages: [usages.get(index) ?? {}] } as const;
      if (signal.aborted && signal.reason === 'cancelled') return cutOff;
      await beforeJudging?.();
      judged.push(index);
      const left = leaves.get(index);
      if (left === 'stalls') return new Promise<never>(() => undefined);
      return left === undefined || left === 'alive' ? cutOff : { is: 'ended', outcomes: [left] };
    },
    conversation: (runDirectory, from) =>
      Readable.from((conversations.get(unitOf(runDirectory)) ?? []).filter(({ seq }) => seq >= from)),
    latestStep: () => null,
    resumeCommand: (sessionId, { workingDirectory }) => `cd ${workingDirectory} && scripted --resume ${sessionId}`,
  });

  const types = ['scripted', 'other'];
  const scripted: ScriptedWorker = {
    runs,
    judged,
    otherwise: ok(),
    preflight: { ok: true, summary: 'ready' },
    program: null,
    running: () => [...hanging.keys()],
    on: (unit, ...next) => endings.set(unit, [...(endings.get(unit) ?? []), ...next]),
    finish(unit, outcome = ok()) {
      const end = hanging.get(unit);
      if (!end) throw new Error(`unit ${unit} does not hang; these do: ${[...hanging.keys()].join()}`);
      end(outcome);
    },
    abandon() {
      hanging.clear();
      started.clear();
    },
    leaves: (unit, left) => leaves.set(unit, left),
    used: (unit, usage) => usages.set(unit, usage),
    said: (unit, entries) => conversations.set(unit, entries),
    workers: {
      types,
      parse: ({ type, ...given }) =>
        new Promise((resolve) => {
          if (!types.includes(type)) {
            throw new AbpError('invalid_input', `worker.type: unknown worker "${type}".`, {
              hint: `Known: ${types.join()}.`,
            });
          }
          resolve({ worker: make(type), config: parseWith(configSchema, given, `config of worker ${type}`) });
        }),
    },
  };
  return scripted;
}

/** Run directories end in `<unit>.<attempt>`. */
function unitOf(runDirectory: string): number {
  return Number(/(\d+)\.\d+$/.exec(runDirectory)?.[1]);
}
