import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome, Usage } from '../../domain/attempt.ts';
import type { Awaitable } from '../../domain/awaitable.ts';
import { AbpError } from '../../domain/error.ts';
import type { FailureClass } from '../../domain/failure.ts';
import { hintText } from '../../domain/hint.ts';
import type { JsonObject } from '../../domain/json.ts';
import { sentences } from '../../domain/sentences.ts';
import type { Assignment, JudgeContext, Worker } from '../../ports/worker.ts';
import { type Ending, endingOf } from './ending.ts';
import { requireRoom } from './room.ts';
import { adoptCommand, type Command, type RunBounds, runCommand } from './run.ts';
import { readExitStatus, readTimeLeft } from './run-directory.ts';
import { abortReason } from './supervise.ts';

/** Driver of a worker that runs a program; starting, watching, stopping and adopting are provided for it. */
export interface ProcessDriver extends Omit<Worker, 'run' | 'adopt' | 'judge' | 'usageSoFar'> {
  /**
   * Builds the command of one attempt. Throws AbpError `invalid_input` (recorded as bad_input) or `worker_unavailable`:
   * a failed attempt without a process.
   */
  prepare(assignment: Assignment): Awaitable<Command>;
  /** Creates a check of the growing output that returns true when it is complete. Without it output is read at the end only. */
  settles?(runDirectory: string): () => boolean;
  /**
   * Derives the outcome from the files and the ending; `ending` is null if it was not observed and is not on disk. Null
   * = the files do not show an end.
   */
  judge(runDirectory: string, ending: Ending | null, context: JudgeContext): Promise<Outcome | null>;
  usageSoFar?(runDirectory: string): Promise<Usage>;
}

/** Creates a worker from its driver. */
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
        return refusedByDriver(error);
      }
      let ending: Ending;
      try {
        ending = await runCommand(command, boundsOf(assignment), context);
      } catch (error) {
        return refusedBySystem(error);
      }
      return judged(assignment, await orInterrupted(ending, context.signal));
    },
    adopt: async (assignment, record, context) => {
      // The keeper excluded time in which it was stopped. Capped by the time limit: the clock may have been set back
      // since.
      const byClock = (assignment.deadlineAt ?? Number.POSITIVE_INFINITY) - Date.now();
      const left = readTimeLeft(assignment.runDirectory) ?? byClock;
      const timeoutMs = Math.max(0, Math.min(assignment.timeoutMs, left));
      const ending = await adoptCommand({ ...boundsOf(assignment), timeoutMs }, record, context);
      if (ending === null) return null;
      const seen = await orInterrupted(ending, context.signal);
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

/** Signals that a shutdown or service manager sends to everything: an end by one of them is not proof of failure. */
const STOPPED_FROM_OUTSIDE: ReadonlySet<string | null> = new Set(['SIGTERM', 'SIGINT', 'SIGHUP']);

/** Time to wait for the shutdown signal of this process after an agent was stopped by one. */
const SHUTDOWN_WAIT_MS = 500;

/** Treats an attempt stopped from outside as interrupted if the executor is stopped at the same moment. */
async function orInterrupted(ending: Ending, signal: AbortSignal): Promise<Ending> {
  if (ending.reason !== 'signalled' || !STOPPED_FROM_OUTSIDE.has(ending.signal)) return ending;
  await sleep(SHUTDOWN_WAIT_MS, undefined, { signal }).catch(() => undefined);
  return signal.aborted ? { ...ending, reason: abortReason(signal) } : ending;
}

/** Ending of an unwatched attempt; null if it was cut off. */
function endingOnDisk(runDirectory: string): Ending | null {
  const status = readExitStatus(runDirectory);
  const ending = status === null ? null : endingOf(null, status, null);
  return ending === null || STOPPED_FROM_OUTSIDE.has(ending.signal) ? null : ending;
}

/** Makes a failed outcome. */
export function failure(failureClass: FailureClass, message: string, usage: Usage = {}): Outcome {
  return { ok: false, failureClass, message, usage };
}

function refusedByDriver(error: unknown): Outcome {
  if (!(error instanceof AbpError)) throw error;
  const message = sentences(error.message, error.hint === undefined ? null : hintText(error.hint));
  if (error.code === 'worker_unavailable') return failure('worker_unavailable', message);
  if (error.code === 'invalid_input') return failure('bad_input', message);
  throw error;
}

/** Spawn errors that concern this attempt or moment; others (a full disk) are handled by the executor. */
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

/** The config of a driver, typed as its schema produced it. */
export function configOf<Config>(assignment: { readonly config: JsonObject }): Config {
  return assignment.config as unknown as Config;
}
