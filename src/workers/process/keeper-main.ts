import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import type { ProcessIdentity } from '../../domain/lease.ts';
import type { KeeperReport, KeeperRequest } from './keeper-messages.ts';
import { identify, isStill, isStopped } from './processes.ts';
import { closeAll, openStdio, runFile, writeTimeLeft } from './run-directory.ts';
import { countRunningTime, LOOK_INTERVAL_MS, type RunningTime } from './running-time.ts';
import { SHELL, shimArguments } from './shim.ts';
import { stopGroup, stopLeftovers } from './stop.ts';

/** A running attempt and its time limit. */
interface Watched {
  readonly leader: ProcessIdentity;
  readonly runDirectory: string;
  readonly timeoutMs: number;
  readonly time: RunningTime;
}

/**
 * Program that starts attempts for an executor, and enforces their deadlines when the executor is gone (its pipe ends).
 * Small on purpose: starting a process copies the page tables of its parent, which takes 1.5 ms from 55 MB but 5 ms
 * from 105 MB (measured), and blocks it meanwhile. It does not access the store.
 */
const watched = new Map<string, Watched>();
/** True if the executor is gone; from then on this process also handles the end of attempts. */
let orphaned = false;
const POLL_MS = 500;
/** Delay after a deadline: an executor that adopted the attempt stops it first, and records why. */
const GRACE_MS = 1000;

const report = (message: KeeperReport) => process.stdout.write(`${JSON.stringify(message)}\n`);
// The executor is gone: the end of stdin reports that too, and the files inform the next executor.
process.stdout.on('error', () => undefined);

const start = (request: Extract<KeeperRequest, { do: 'start' }>) => {
  const { attemptId, argv, cwd, env, runDirectory, timeoutMs } = request;
  const refuse = (error: unknown) => {
    const { code = '', syscall = '', message } = error as NodeJS.ErrnoException;
    report({ is: 'refused', attemptId, code, syscall, message });
  };
  let stdio: readonly number[] = [];
  try {
    stdio = openStdio(runDirectory);
    const shim = shimArguments(runFile(runDirectory, 'pid'), argv);
    const child = spawn(SHELL, shim, { cwd, env, stdio: [...stdio], detached: true });
    child.once('error', refuse);
    const { pid } = child;
    if (pid === undefined) return;
    const leader = identify(pid);
    watched.set(attemptId, { leader, runDirectory, timeoutMs, time: countRunningTime() });
    report({ is: 'started', attemptId, leader });
    child.once('exit', (code, signal) => {
      if (!orphaned) watched.delete(attemptId);
      report({ is: 'ended', attemptId, status: code ?? 128 + constants.signals[signal ?? 'SIGKILL'] });
    });
  } catch (error) {
    refuse(error);
  } finally {
    closeAll(stdio);
  }
};

/** Parses a request; null if it is incomplete because the executor died while writing it. */
const parse = (line: string): KeeperRequest | null => {
  try {
    return JSON.parse(line) as KeeperRequest;
  } catch {
    return null;
  }
};

/** Updates the running time of each attempt, which excludes time in which it or this process was stopped; returns the time left. */
const look = () =>
  [...watched].map(([attemptId, one]) => {
    const leftMs = one.timeoutMs - one.time.look(isStopped(one.leader.pid));
    return { attemptId, ...one, leftMs };
  });
const looking = setInterval(look, LOOK_INTERVAL_MS);

for await (const line of createInterface({ input: process.stdin })) {
  const request = parse(line);
  if (request === null) break;
  if (request.do === 'start') start(request);
  else if (request.do === 'forget') watched.delete(request.attemptId);
  else watched.set(request.attemptId, { ...request, time: countRunningTime() });
}

orphaned = true;
clearInterval(looking);
while (watched.size > 0) {
  for (const { attemptId, leader, runDirectory, leftMs } of look()) {
    if (leftMs + GRACE_MS <= 0) await stopGroup(attemptId, leader);
    else if (!isStill(leader)) await stopLeftovers(attemptId, leader);
    else {
      writeTimeLeft(runDirectory, leftMs);
      continue;
    }
    watched.delete(attemptId);
  }
  if (watched.size > 0) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
process.exit(0);
