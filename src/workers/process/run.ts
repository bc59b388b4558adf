import type { ProcessIdentity } from '../../domain/lease.ts';
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

/** The attempt and its time limit (ms). */
export interface RunLimits extends Pick<Bounds, 'timeoutMs'> {
  readonly runDirectory: string;
  readonly attemptId: string;
}

/** The attempt and all its limits (ms). */
export type RunBounds = RunLimits & Pick<Bounds, 'idleTimeoutMs' | 'settled'>;

/** Signal to stop, and what is called with the leader of a run when it is found alive under another one than was known. */
export interface Watching {
  readonly signal: AbortSignal;
  readonly onFound?: ((leader: ProcessIdentity) => void) | undefined;
}

/** A run that this process started. */
export interface OwnRun {
  /** Null = its keeper died before it answered, and the run has begun. */
  readonly started: Started | null;
  /** Monotonic ms. */
  readonly startedAt: number;
}

/** Polling interval for a process that another executor spawned, ms. */
const ADOPTED_POLL_MS = 200;

/** Starts a command as the leader of its own session, with files as stdio. Throws system errors (with errno). */
export async function startCommand(
  { argv, cwd, env, stdin }: Command,
  { attemptId, runDirectory, timeoutMs }: RunLimits,
): Promise<OwnRun> {
  writeStdin(runDirectory, stdin);
  const startedAt = performance.now();
  return { started: await start({ attemptId, argv, cwd, env, runDirectory, timeoutMs }), startedAt };
}

/**
 * Resolves when the whole group of a run that this process started is gone. The run ends with its leader; processes that
 * remain are stopped.
 */
export async function waitForOwn(own: OwnRun, bounds: RunBounds, watching: Watching): Promise<Ending> {
  const { started, startedAt } = own;
  if (started === null) return adoptStarted(own, bounds, watching);
  const { leader, ended } = started;
  const keptUntil = performance.now() + bounds.timeoutMs;
  const seen = ended.then((status) => {
    if (status !== null) return status;
    return watchAgain(leader, { ...bounds, timeoutMs: keptUntil - performance.now() });
  });
  const { cause, status, endedAt } = await watch(leader, seen, bounds, watching);
  const begunBy = readPid(bounds.runDirectory);
  // Another shim, started by a dying keeper, was faster.
  if (begunBy !== null && begunBy !== leader.pid) return adoptStarted(own, bounds, watching);
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
async function adoptStarted({ startedAt }: OwnRun, bounds: RunBounds, watching: Watching): Promise<Ending> {
  const found = await adoptCommand(bounds, null, watching);
  const durationMs = Math.round(performance.now() - startedAt);
  return { ...(found ?? endingOf(null, readExitStatus(bounds.runDirectory), null)), durationMs };
}

/** Waits for an attempt under a new keeper after its own died. */
async function watchAgain(
  leader: ProcessIdentity,
  { attemptId, runDirectory, timeoutMs }: RunLimits,
): Promise<number | null> {
  keeper().watch({ attemptId, leader, runDirectory, timeoutMs });
  const status = await untilGone(leader, runDirectory);
  keeper().forget(attemptId);
  return status;
}

/**
 * Waits for an attempt that an earlier executor spawned, as waitForOwn does. Null if its leader is gone, or ends without
 * having started the program: orphans are stopped, and the files hold the outcome.
 */
export async function adoptCommand(
  bounds: RunBounds,
  record: ProcessIdentity | null,
  watching: Watching,
): Promise<Ending | null> {
  sealRun(bounds.runDirectory);
  const leader = livingLeader(bounds, record);
  if (leader === null) {
    await stopGroup(bounds.attemptId);
    return null;
  }
  watching.onFound?.(leader);
  const { cause, status } = await watch(leader, watchAgain(leader, bounds), bounds, watching);
  // The shim was found before it started the program and ended because the run was sealed.
  if (cause === null && readPid(bounds.runDirectory) === null) return null;
  return endingOf(cause, status, null);
}

/** Waits until a process of another parent is gone; returns its exit status, null if none was written. */
function untilGone(leader: ProcessIdentity, runDirectory: string): Promise<number | null> {
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
  leader: ProcessIdentity,
  ended: Promise<number | null>,
  bounds: RunBounds,
  { signal }: Watching,
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
function livingLeader({ attemptId, runDirectory }: RunLimits, record: ProcessIdentity | null): ProcessIdentity | null {
  if (record !== null && isStill(record)) return record;
  const leaders = processesOfAttempt(attemptId).filter(({ pid, group }) => pid === group);
  // The record may name the slower of two shims; the file names the one that started the program.
  const pid = readPid(runDirectory) ?? record?.pid ?? null;
  const leader = pid === null ? leaders[0] : leaders.find((candidate) => candidate.pid === pid);
  return leader === undefined ? null : identify(leader.pid);
}
