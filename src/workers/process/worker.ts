import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome, Usage } from '../../domain/attempt.ts';
import type { Awaitable } from '../../domain/awaitable.ts';
import { AbpError } from '../../domain/error.ts';
import type { FailureClass } from '../../domain/failure.ts';
import type { JsonObject } from '../../domain/json.ts';
import { sentences } from '../../domain/sentences.ts';
import type { Assignment, JudgeContext, Worker } from '../../ports/worker.ts';
import { type Ending, endingOf } from './ending.ts';
import { requireRoom } from './room.ts';
import { adoptCommand, type Command, type RunBounds, runCommand } from './run.ts';
import { readExitStatus, readTimeLeft } from './run-directory.ts';
import { abortReason } from './supervise.ts';

/** What a worker that runs a program has to say for itself; starting, watching, stopping and adopting is done for it. */
export interface ProcessDriver extends Omit<Worker, 'run' | 'adopt' | 'judge' | 'usageSoFar'> {
  /**
   * The command of one attempt. Throws AbpError `invalid_input` (becomes bad_input) or `worker_unavailable`: a failed
   * attempt without a process.
   */
  prepare(assignment: Assignment): Awaitable<Command>;
  /** Looks at the output while it is written; true = complete. Without it nothing is read before the end. */
  settles?(runDirectory: string): () => boolean;
  /**
   * The outcome from the files and the way it ended; `ending` is null when nobody saw one and none is on disk. null =
   * the files hold no ending.
   */
  judge(runDirectory: string, ending: Ending | null, context: JudgeContext): Promise<Outcome | null>;
  usageSoFar?(runDirectory: string): Promise<Usage>;
}

/** Makes a worker from its driver. */
export function processWorker(driver: ProcessDriver): Worker {
  const boundsOf = (assignment: Assignment): RunBounds => ({
    runDirectory: assignment.runDirectory,
    attemptId: assignment.attemptId,
    timeoutMs: assignment.timeoutMs,
    idleTimeoutMs: assignment.idleTimeoutMs,
    settled: driver.settles?.(assignment.runDirectory),
  });
  const judged = async (assignment: Assignment, ending: Ending): Promise<Outcome> => {
    const outcome = await driver.judge(assignment.runDirectory, ending, assignment);
    if (outcome === null) throw new AbpError('internal', `Worker ${driver.type} gave no verdict on an ended attempt.`);
    return requireRoom(outcome, assignment);
  };
  return {
    ...driver,
    run: async (assignment, context) => {
      let command: Command;
      try {
        command = await driver.prepare(assignment);
      } catch (error) {
        return refusedBefore(error);
      }
      let ending: Ending;
      try {
        ending = await runCommand(command, boundsOf(assignment), context);
      } catch (error) {
        return refusedBySystem(error);
      }
      return judged(assignment, await endedWithUs(ending, context.signal));
    },
    adopt: async (assignment, record, context) => {
      // A keeper that was alone with it has left out the time in which it stood still. Never more than its limit: the clock may
      // have been set back since.
      const byClock = (assignment.deadlineAt ?? Number.POSITIVE_INFINITY) - Date.now();
      const left = readTimeLeft(assignment.runDirectory) ?? byClock;
      const timeoutMs = Math.max(0, Math.min(assignment.timeoutMs, left));
      const ending = await adoptCommand({ ...boundsOf(assignment), timeoutMs }, record, context);
      if (ending === null) return null;
      const seen = await endedWithUs(ending, context.signal);
      await context.beforeJudging?.();
      return judged(assignment, seen);
    },
    judge: async (runDirectory, context) => {
      const outcome = await driver.judge(runDirectory, endingOnDisk(runDirectory), context);
      return outcome && requireRoom(outcome, { runDirectory, ...context });
    },
    usageSoFar: async (runDirectory) => driver.usageSoFar?.(runDirectory) ?? {},
  };
}

/** Stopped by whom? A machine that goes down sends these to everything, and so does the reaper: nobody saw a failure. */
const STOPPED_FROM_OUTSIDE: ReadonlySet<string | null> = new Set(['SIGTERM', 'SIGINT', 'SIGHUP']);

/** A machine that goes down tells us all at once, and an agent may be gone before we hear of it. */
const HEARSAY_MS = 500;

/** The ending of an attempt that somebody else stopped; it was interrupted when the executor is stopped at that moment too. */
async function endedWithUs(ending: Ending, signal: AbortSignal): Promise<Ending> {
  if (ending.reason !== 'signalled' || !STOPPED_FROM_OUTSIDE.has(ending.signal)) return ending;
  await sleep(HEARSAY_MS, undefined, { signal }).catch(() => undefined);
  return signal.aborted ? { ...ending, reason: abortReason(signal) } : ending;
}

/** How an attempt ended that nobody watched; null when it was cut off. */
function endingOnDisk(runDirectory: string): Ending | null {
  const status = readExitStatus(runDirectory);
  const ending = status === null ? null : endingOf(null, status, null);
  return ending === null || STOPPED_FROM_OUTSIDE.has(ending.signal) ? null : ending;
}

/** A failed outcome. */
export function failure(failureClass: FailureClass, message: string, usage: Usage = {}): Outcome {
  return { ok: false, failureClass, message, usage };
}

function refusedBefore(error: unknown): Outcome {
  if (!(error instanceof AbpError)) throw error;
  const message = sentences(error.message, error.hint);
  if (error.code === 'worker_unavailable') return failure('worker_unavailable', message);
  if (error.code === 'invalid_input') return failure('bad_input', message);
  throw error;
}

/** errno of a spawn that is about this attempt or this moment; everything else (a full disk) is the executor's affair. */
const SPAWN_FAILURES: Readonly<Record<string, FailureClass>> = {
  EAGAIN: 'overloaded',
  ENOMEM: 'overloaded',
  EMFILE: 'overloaded',
  ENFILE: 'overloaded',
  E2BIG: 'bad_input',
  ENOENT: 'bad_input',
  ENOTDIR: 'bad_input',
};

function refusedBySystem(error: unknown): Outcome {
  const { code = '', syscall = '', message } = error as NodeJS.ErrnoException;
  const failureClass = syscall.startsWith('spawn') ? SPAWN_FAILURES[code] : undefined;
  if (failureClass === undefined) throw error;
  return failure(failureClass, `the process could not be started: ${message}`);
}

/** A driver's config as its schema made it. */
export function configOf<Config>(assignment: { readonly config: JsonObject }): Config {
  return assignment.config as unknown as Config;
}
