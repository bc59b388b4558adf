import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome, Usage } from '../../domain/attempt.ts';
import type { Awaitable } from '../../domain/awaitable.ts';
import { AbpError } from '../../domain/error.ts';
import type { FailureClass } from '../../domain/failure.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { ProcessIdentity } from '../../domain/lease.ts';
import { sentences } from '../../domain/sentences.ts';
import type { Attachment, Ended, Ending as RunEnding, Worker } from '../../ports/worker.ts';
import { type Assignment, assignmentOf } from './assignment.ts';
import { type Ending, endingOf } from './ending.ts';
import { handleOf, leaderOf } from './handle.ts';
import { requireRoom } from './room.ts';
import { adoptCommand, type Command, type OwnRun, type RunBounds, startCommand, waitForOwn } from './run.ts';
import { readExitStatus, readTimeLeft } from './run-directory.ts';
import { abortReason } from './supervise.ts';

/** Driver of a worker that runs a program; starting, watching, stopping and adopting are provided for it. */
export interface ProcessDriver extends Omit<Worker, 'reach' | 'start' | 'attach'> {
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
  /** Reads the usage up to a cut-off from the files alone; absent = such a program reports none. */
  usageSoFar?(runDirectory: string): Promise<Usage>;
}

/** What a driver may know when it judges. */
export type JudgeContext = Pick<Assignment, 'config' | 'outputSchema' | 'outputDirectory'>;

/** Creates a worker from its driver. The handle of a run is the identity of its leader. */
export function processWorker(driver: ProcessDriver): Worker {
  /** Runs that this process started and is not attached to yet, by run directory: their ends are reported, not looked for. */
  const ownRuns = new Map<string, OwnRun>();
  return {
    ...driver,
    reach: 'machine',
    async start(run) {
      const assignment = assignmentOf(run);
      let command: Command;
      try {
        command = await driver.prepare(assignment);
      } catch (error) {
        return ended(refusedByDriver(error));
      }
      try {
        const own = await startCommand(command, assignment);
        ownRuns.set(run.runDirectory, own);
        return { is: 'started', handle: handleOf(own.started?.leader ?? null) };
      } catch (error) {
        return ended(refusedBySystem(error));
      }
    },
    async attach(run, handle, attachment) {
      const assignment = assignmentOf(run);
      const own = ownRuns.get(run.runDirectory);
      if (own === undefined) return adopt(driver, assignment, leaderOf(handle), attachment);
      ownRuns.delete(run.runDirectory);
      const ending = await waitForOwn(own, boundsOf(driver, assignment), watchingOf(attachment));
      return judged(driver, assignment, await orInterrupted(ending, attachment.signal));
    },
  };
}

/** Attaches to a run that another process started, or that has ended. */
async function adopt(
  driver: ProcessDriver,
  assignment: Assignment,
  leader: ProcessIdentity | null,
  attachment: Attachment,
): Promise<RunEnding> {
  const { runDirectory } = assignment;
  const { signal, beforeJudging } = attachment;
  const cutOff = async (): Promise<RunEnding> => {
    return { is: 'cut_off', usages: [(await driver.usageSoFar?.(runDirectory)) ?? {}] };
  };
  const bounds = { ...boundsOf(driver, assignment), timeoutMs: timeLeftMs(assignment) };
  const seen = await adoptCommand(bounds, leader, watchingOf(attachment));
  if (seen !== null) {
    const ending = await orInterrupted(seen, signal);
    await beforeJudging?.();
    return judged(driver, assignment, ending);
  }
  if (signal.aborted && abortReason(signal) === 'cancelled') return cutOff();
  await beforeJudging?.();
  const outcome = await driver.judge(runDirectory, endingOnDisk(runDirectory), assignment);
  return outcome === null ? cutOff() : ended(requireRoom(outcome, assignment));
}

/** Judges a run whose end was seen. */
async function judged(driver: ProcessDriver, assignment: Assignment, ending: Ending): Promise<Ended> {
  const outcome = await driver.judge(assignment.runDirectory, ending, assignment);
  if (outcome === null) throw new AbpError('internal', `Worker ${driver.type} gave no verdict on an ended attempt.`);
  return ended(requireRoom(outcome, assignment));
}

function ended(outcome: Outcome): Ended {
  return { is: 'ended', outcomes: [outcome] };
}

function boundsOf(driver: ProcessDriver, assignment: Assignment): RunBounds {
  return { ...assignment, settled: driver.settles?.(assignment.runDirectory) };
}

function watchingOf({ signal, onFound }: Attachment) {
  return { signal, onFound: (leader: ProcessIdentity) => onFound?.(handleOf(leader)) };
}

/**
 * Running time left to a run that another process started: as its keeper counted it, without time in which it was
 * stopped, else by the deadline. Capped by the time limit: the clock may have been set back since.
 */
function timeLeftMs({ runDirectory, timeoutMs, deadlineAt }: Assignment): number {
  const byClock = (deadlineAt ?? Number.POSITIVE_INFINITY) - Date.now();
  return Math.max(0, Math.min(timeoutMs, readTimeLeft(runDirectory) ?? byClock));
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
  // What is stored names no operations: advice that does follows from the class when it is read.
  const message = sentences(error.message, typeof error.hint === 'string' ? error.hint : null);
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
