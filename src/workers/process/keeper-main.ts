import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import type { SpawnRecord } from '../../ports/worker.ts';
import type { KeeperReport, KeeperRequest } from './keeper-messages.ts';
import { identify, isStill, isStopped } from './processes.ts';
import { closeAll, openStdio, runFile, writeTimeLeft } from './run-directory.ts';
import { countRunningTime, LOOK_MS, type RunningTime } from './running-time.ts';
import { SHELL, shimArguments } from './shim.ts';
import { stopGroup, stopLeftovers } from './stop.ts';

/** An attempt that is kept to its time limit. */
interface Kept {
  readonly leader: SpawnRecord;
  readonly runDirectory: string;
  readonly timeoutMs: number;
  readonly time: RunningTime;
}

/**
 * The program that starts attempts for an executor, and keeps them to their deadline when the executor is gone (its pipe
 * ends). It is small on purpose: starting a process copies the page tables of the one that starts it, 1.5 ms from 55 MB
 * but 5 ms from 105 MB (measured), and blocks it meanwhile. It knows nothing of the store.
 */
const kept = new Map<string, Kept>();
/** Whether the executor is gone: from then on the end of an attempt, too, is seen to here. */
let alone = false;
const POLL_MS = 500;
/** An executor that has adopted an attempt stops it itself at its deadline, and says why: it comes first. */
const GRACE_MS = 1000;

const report = (message: KeeperReport) => process.stdout.write(`${JSON.stringify(message)}\n`);
// Nobody listens any more: the end of stdin says so too, and the files tell the next executor.
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
    kept.set(attemptId, { leader, runDirectory, timeoutMs, time: countRunningTime() });
    report({ is: 'started', attemptId, leader });
    child.once('exit', (code, signal) => {
      if (!alone) kept.delete(attemptId);
      report({ is: 'ended', attemptId, status: code ?? 128 + constants.signals[signal ?? 'SIGKILL'] });
    });
  } catch (error) {
    refuse(error);
  } finally {
    closeAll(stdio);
  }
};

/** null = half a request: the executor died while it wrote it. */
const parse = (line: string): KeeperRequest | null => {
  try {
    return JSON.parse(line) as KeeperRequest;
  } catch {
    return null;
  }
};

/** Looks at each attempt, so that time in which it, or this process, stood still is not counted; how much time each has left. */
const look = () =>
  [...kept].map(([attemptId, one]) => {
    const leftMs = one.timeoutMs - one.time.look(isStopped(one.leader.pid));
    return { attemptId, ...one, leftMs };
  });
const looking = setInterval(look, LOOK_MS);

for await (const line of createInterface({ input: process.stdin })) {
  const request = parse(line);
  if (request === null) break;
  if (request.do === 'start') start(request);
  else if (request.do === 'forget') kept.delete(request.attemptId);
  else kept.set(request.attemptId, { ...request, time: countRunningTime() });
}

alone = true;
clearInterval(looking);
while (kept.size > 0) {
  for (const { attemptId, leader, runDirectory, leftMs } of look()) {
    if (leftMs + GRACE_MS <= 0) await stopGroup(attemptId, leader);
    else if (!isStill(leader)) await stopLeftovers(attemptId, leader);
    else {
      writeTimeLeft(runDirectory, leftMs);
      continue;
    }
    kept.delete(attemptId);
  }
  if (kept.size > 0) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
process.exit(0);
