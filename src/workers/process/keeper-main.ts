import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import type { SpawnRecord } from '../../domain/worker.ts';
import type { KeeperReport, KeeperRequest } from './keeper-messages.ts';
import { identify, isStill } from './processes.ts';
import { closeAll, openStdio, runFile } from './run-directory.ts';
import { SHELL, shimArguments } from './shim.ts';
import { stopGroup } from './stop.ts';

/**
 * The program that starts attempts for an executor, and keeps them to their deadline when the executor is gone (its pipe
 * ends). It is small on purpose: starting a process copies the page tables of the one that starts it, 1.5 ms from 55 MB
 * but 5 ms from 105 MB (measured), and blocks it meanwhile. It knows nothing of the store.
 */
const kept = new Map<string, { readonly leader: SpawnRecord; readonly untilMs: number }>();
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
    kept.set(attemptId, { leader, untilMs: performance.now() + timeoutMs });
    report({ is: 'started', attemptId, leader });
    child.once('exit', (code, signal) => {
      kept.delete(attemptId);
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

for await (const line of createInterface({ input: process.stdin })) {
  const request = parse(line);
  if (request === null) break;
  if (request.do === 'start') start(request);
  else if (request.do === 'forget') kept.delete(request.attemptId);
  else kept.set(request.attemptId, { leader: request.leader, untilMs: performance.now() + request.timeoutMs });
}

while (kept.size > 0) {
  for (const [attemptId, { leader, untilMs }] of kept) {
    const over = performance.now() >= untilMs + GRACE_MS;
    if (over) await stopGroup(attemptId, leader);
    if (over || !isStill(leader)) kept.delete(attemptId);
  }
  if (kept.size > 0) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
process.exit(0);
