import type { RunContext, SpawnRecord } from '../../ports/worker.ts';
import { type Ending, endingOf, type StopCause } from './ending.ts';
import { keeper, type Started, type StartRequest } from './keeper.ts';
import { groupIsAlive, identify, isStill, isStopped, processesOfAttempt } from './processes.ts';
import { fileSize, hasBegun, readExitStatus, readPid, runFile, sealRun, writeStdin } from './run-directory.ts';
import { stopGroup, stopLeftovers, stopOwnGroup } from './stop.ts';
import { type Bounds, supervise } from './supervise.ts';

/** A program to start for an attempt. `argv[0]` is an absolute path; nothing passes through a shell. */
export interface Command {
  readonly argv: readonly string[];
  /** Absolute; must exist. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
}

/** The attempt and its limits (ms). */
export interface RunBounds extends Pick<Bounds, 'timeoutMs' | 'idleTimeoutMs' | 'settled'> {
  readonly runDirectory: string;
  readonly attemptId: string;
}

/** Polling interval for a process that another executor spawned, ms. */
const ADOPTED_POLL_MS = 200;

/**
 * Runs a command as the leader of its own session, with files as stdio, and resolves when its whole group is gone. The
 * attempt ends with its leader; processes that remain are stopped. Throws system errors (with errno).
 */
export async function runCommand(command: Command, bounds: RunBounds, context: RunContext): Promise<Ending> {
  const { attemptId, runDirectory, timeoutMs } = bounds;
  const { argv, cwd, env, stdin } = command;
  writeStdin(runDirectory, stdin);
  const startedAt = performance.now();
  const started = await start({ attemptId, argv, cwd, env, runDirectory, timeoutMs });
  if (started === null) return adoptStarted(bounds, context);
  const { leader, ended } = started;
  try {
    context.onSpawn?.(leader);
  } catch (error) {
    await stopOwnGroup(leader);
    throw error;
  }
  const keptUntil = performance.now() + timeoutMs;
  const seen = ended.then((status) => {
    if (status !== null) return status;
    return watchAgain(leader, { ...bounds, timeoutMs: keptUntil - performance.now() });
  });
  const { cause, status, endedAt } = await watch(leader, seen, bounds, context);
  const begunBy = readPid(runDirectory);
  // Another shim, started by a dying keeper, was faster.
  if (begunBy !== null && begunBy !== leader.pid) return adoptStarted(bounds, context);
  return endingOf(cause, status, Math.round(endedAt - startedAt));
}

/**
 * Starts an attempt; null if the keeper died meanwhile. If it died before it began, the next keeper starts the attempt.
 */
async function start(request: StartRequest): Promise<Started | null> {
  for (let tries = 0; tries < 2; tries++) {
    const started = await keeper().start(request);
    if (started !== null || hasBegun(request.runDirectory)) return started;
  }
  throw new Error('the keeper (the process that starts attempts) died twice without starting this attempt');
}

/** Finds an attempt that a keeper was starting when it died. */
async function adoptStarted(bounds: RunBounds, context: RunContext): Promise<Ending> {
  const found = await adoptCommand(bounds, null, context);
  return found ?? endingOf(null, readExitStatus(bounds.runDirectory), null);
}

/** Waits for an attempt under a new keeper after its own died. */
async function watchAgain(
  leader: SpawnRecord,
  { attemptId, runDirectory, timeoutMs }: RunBounds,
): Promise<number | null> {
  keeper().watch({ attemptId, leader, runDirectory, timeoutMs });
  const status = await untilGone(leader, runDirectory);
  keeper().forget(attemptId);
  return status;
}

/**
 * Waits for an attempt that an earlier executor spawned, as runCommand does. Null if its leader is gone, or ends
 * without having started the program: orphans are stopped, and the files hold the outcome.
 */
export async function adoptCommand(
  bounds: RunBounds,
  record: SpawnRecord | null,
  context: RunContext,
): Promise<Ending | null> {
  sealRun(bounds.runDirectory);
  const leader = livingLeader(bounds, record);
  if (leader === null) {
    await stopGroup(bounds.attemptId);
    return null;
  }
  context.onSpawn?.(leader);
  const { cause, status } = await watch(leader, watchAgain(leader, bounds), bounds, context);
  // The shim was found before it started the program and ended because the run was sealed.
  if (cause === null && readPid(bounds.runDirectory) === null) return null;
  return endingOf(cause, status, null);
}

/** Waits until a process of another parent is gone; returns its exit status, null if none was written. */
function untilGone(leader: SpawnRecord, runDirectory: string): Promise<number | null> {
  return new Promise((resolve) => {
    const poll = setInterval(() => {
      if (isStill(leader)) return;
      clearInterval(poll);
      resolve(readExitStatus(runDirectory));
    }, ADOPTED_POLL_MS);
  });
}

/** Waits until the leader has ended or been killed and everything it started is gone. */
async function watch(
  leader: SpawnRecord,
  ended: Promise<number | null>,
  bounds: RunBounds,
  { signal }: RunContext,
): Promise<{ readonly cause: StopCause | null; readonly status: number | null; readonly endedAt: number }> {
  const stopped: { cause: StopCause | null } = { cause: null };
  const status = await new Promise<number | null>((resolve, reject) => {
    const outputSize = () =>
      fileSize(runFile(bounds.runDirectory, 'stdout')) + fileSize(runFile(bounds.runDirectory, 'stderr'));
    const watched = { ...bounds, signal, outputSize, isStopped: () => isStopped(leader.pid) };
    const endWatch = supervise(watched, (first) => {
      // It ended by itself and the report is on its way: this process may have been suspended past that end and the
      // time limit.
      if (readExitStatus(bounds.runDirectory) !== null) return;
      stopped.cause = first;
      // Its end may be reported after its group is gone; the shim writes the status before either.
      stopOwnGroup(leader).then(() => resolve(readExitStatus(bounds.runDirectory)), reject);
    });
    ended.then((value) => {
      endWatch();
      resolve(value);
    }, reject);
  });
  const endedAt = performance.now();
  const leftGroup = groupIsAlive(leader);
  if (leftGroup) await stopOwnGroup(leader);
  // Also after a normal end: a process in a session of its own would be orphaned. Not for a shim that came too late:
  // the id then belongs to the attempt that another shim started.
  const wasIts = readPid(bounds.runDirectory) === leader.pid;
  if (leftGroup || stopped.cause !== null || wasIts) await stopLeftovers(bounds.attemptId, leader);
  return { ...stopped, status, endedAt };
}

/** The running leader of an attempt, by its recorded start or the id in its environment. */
function livingLeader({ attemptId, runDirectory }: RunBounds, record: SpawnRecord | null): SpawnRecord | null {
  if (record !== null && isStill(record)) return record;
  const leaders = processesOfAttempt(attemptId).filter(({ pid, group }) => pid === group);
  // The record may name the slower of two shims; the file names the one that started the program.
  const pid = readPid(runDirectory) ?? record?.pid ?? null;
  const leader = pid === null ? leaders[0] : leaders.find((candidate) => candidate.pid === pid);
  return leader === undefined ? null : identify(leader.pid);
}
