import type { RunContext, SpawnRecord } from '../../ports/worker.ts';
import { type Ending, endingOf, type StopCause } from './ending.ts';
import { keeper, type Started, type StartRequest } from './keeper.ts';
import { groupIsAlive, identify, isStill, isStopped, processesOfAttempt } from './processes.ts';
import { fileSize, hasBegun, readExitStatus, readPid, runFile, sealRun, writeStdin } from './run-directory.ts';
import { stopGroup, stopLeftovers, stopOwnGroup } from './stop.ts';
import { type Bounds, supervise } from './supervise.ts';

/** A program to be started for an attempt. `argv[0]` is an absolute path; nothing of it passes through a shell. */
export interface Command {
  readonly argv: readonly string[];
  /** Absolute; must exist. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
}

/** Which attempt runs, and under which limits (ms). */
export interface RunBounds extends Pick<Bounds, 'timeoutMs' | 'idleTimeoutMs' | 'settled'> {
  readonly runDirectory: string;
  readonly attemptId: string;
}

/** A child needs no polling; a process that another executor spawned is looked at this often. */
const ADOPTED_POLL_MS = 200;

/**
 * Runs a command as the leader of its own session with files as its stdio, and resolves when its whole group is gone.
 * The attempt ends with its leader; what it leaves behind is stopped then. Throws what the system refuses (with errno).
 */
export async function runCommand(command: Command, bounds: RunBounds, context: RunContext): Promise<Ending> {
  const { attemptId, runDirectory, timeoutMs } = bounds;
  const { argv, cwd, env, stdin } = command;
  writeStdin(runDirectory, stdin);
  const startedAt = performance.now();
  const started = await start({ attemptId, argv, cwd, env, runDirectory, timeoutMs });
  if (started === null) return find(bounds, context);
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
    return keepAgain(leader, { ...bounds, timeoutMs: keptUntil - performance.now() });
  });
  const { cause, status, endedAt } = await watch(leader, seen, bounds, context);
  const begunBy = readPid(runDirectory);
  // Another shim was faster, which a keeper had started as it died.
  if (begunBy !== null && begunBy !== leader.pid) return find(bounds, context);
  return endingOf(cause, status, Math.round(endedAt - startedAt));
}

/** null = the keeper died while it started the attempt. One that died before it came to it is no matter: the next one does. */
async function start(request: StartRequest): Promise<Started | null> {
  for (let tries = 0; tries < 2; tries++) {
    const started = await keeper().start(request);
    if (started !== null || hasBegun(request.runDirectory)) return started;
  }
  throw new Error('the process that starts attempts (the keeper) died twice, and started nothing');
}

/** What a keeper left that died while it started an attempt. */
async function find(bounds: RunBounds, context: RunContext): Promise<Ending> {
  const found = await adoptCommand(bounds, null, context);
  return found ?? endingOf(null, readExitStatus(bounds.runDirectory), null);
}

/** Waits for an attempt whose keeper has died, under another one. */
async function keepAgain(
  leader: SpawnRecord,
  { attemptId, runDirectory, timeoutMs }: RunBounds,
): Promise<number | null> {
  keeper().watch({ attemptId, leader, runDirectory, timeoutMs });
  const status = await untilGone(leader, runDirectory);
  keeper().forget(attemptId);
  return status;
}

/**
 * Waits for an attempt that an earlier executor spawned, as runCommand would. null when its leader lives no more, or
 * ends without having begun: what it orphaned is stopped, and the files tell the rest.
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
  const { cause, status } = await watch(leader, keepAgain(leader, bounds), bounds, context);
  // A shim that was found before it had begun, and ended without the program since it was sealed.
  if (cause === null && readPid(bounds.runDirectory) === null) return null;
  return endingOf(cause, status, null);
}

/** The exit status of a process that is not ours to wait for, once it is gone; null when it left none. */
function untilGone(leader: SpawnRecord, runDirectory: string): Promise<number | null> {
  return new Promise((resolve) => {
    const poll = setInterval(() => {
      if (isStill(leader)) return;
      clearInterval(poll);
      resolve(readExitStatus(runDirectory));
    }, ADOPTED_POLL_MS);
  });
}

/** Until the leader has ended or been killed, and everything it started is gone. */
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
      // It has ended by itself, and we hear of it in a moment: we may have slept over its end and its time limit.
      if (readExitStatus(bounds.runDirectory) !== null) return;
      stopped.cause = first;
      // Its end may be told after its group is seen to be gone; the shim has written the status before either.
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
  // Also after a normal end: what moved itself into a session of its own is nobody's any more. Not of a shim that came too
  // late: what carries the id then is the attempt, which another one began.
  const wasIts = readPid(bounds.runDirectory) === leader.pid;
  if (leftGroup || stopped.cause !== null || wasIts) await stopLeftovers(bounds.attemptId, leader);
  return { ...stopped, status, endedAt };
}

/** The attempt's living leader, identified by the recorded start or by the id in its environment. */
function livingLeader({ attemptId, runDirectory }: RunBounds, record: SpawnRecord | null): SpawnRecord | null {
  if (record !== null && isStill(record)) return record;
  const leaders = processesOfAttempt(attemptId).filter(({ pid, group }) => pid === group);
  // The recorded one may be the slower of two shims; the file has the one that began.
  const pid = readPid(runDirectory) ?? record?.pid ?? null;
  const leader = pid === null ? leaders[0] : leaders.find((candidate) => candidate.pid === pid);
  return leader === undefined ? null : identify(leader.pid);
}
