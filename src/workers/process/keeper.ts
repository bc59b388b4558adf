import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { ProcessIdentity } from '../../domain/lease.ts';
import { NODE_OPTIONS, programPath } from '../../package-root.ts';
import type { KeeperReport, KeeperRequest } from './keeper-messages.ts';

/** A started attempt. `ended` is its exit status as in a shell; null if the keeper died first. */
export interface Started {
  readonly leader: ProcessIdentity;
  readonly ended: Promise<number | null>;
}

/** Parameters for starting an attempt. */
export type StartRequest = Omit<Extract<KeeperRequest, { do: 'start' }>, 'do'>;

/** Parameters for watching a started attempt. */
export type WatchRequest = Omit<Extract<KeeperRequest, { do: 'watch' }>, 'do'>;

/** Keeper of this process: starts attempts, and outlives this process until they have ended or timed out. */
export interface Keeper {
  /** Rejects with a system error (code, syscall); null if the keeper died before it answered. */
  start(request: StartRequest): Promise<Started | null>;
  /** Enforces the deadline of an attempt that was started earlier. */
  watch(request: WatchRequest): void;
  forget(attemptId: string): void;
}

/** Callbacks for the pending reports about one attempt. */
interface PendingReports {
  started(leader: ProcessIdentity): void;
  /** The keeper died. */
  unanswered(): void;
  refused(error: Error): void;
  ended(status: number | null): void;
}

type KeeperProcess = ChildProcessByStdio<Writable, Readable, null>;

let current: Keeper | null = null;

/** The keeper of this process, started on first use and again if it died. */
export function keeper(): Keeper {
  current ??= startKeeper(() => {
    current = null;
  });
  return current;
}

function startKeeper(onDeath: () => void): Keeper {
  const open = new Map<string, PendingReports>();
  const child: KeeperProcess = spawn(process.execPath, [...NODE_OPTIONS, programPath('workers/process/keeper-main')], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { PATH: process.env.PATH ?? '' },
  });
  // A pending attempt keeps this process alive, an idle keeper does not.
  child.unref();
  (child.stdin as Socket).unref();
  const reports = child.stdout as Socket;
  reports.unref();

  let dead = false;
  const died = () => {
    if (dead) return;
    dead = true;
    onDeath();
    for (const entry of open.values()) {
      entry.unanswered();
      entry.ended(null);
    }
    open.clear();
  };
  child.once('error', died);
  // `close`, not `exit`: reports may still be in the pipe.
  child.once('close', died);
  child.stdin.on('error', () => undefined);
  createInterface({ input: child.stdout }).on('line', (line) => {
    const report = JSON.parse(line) as KeeperReport;
    const entry = open.get(report.attemptId);
    if (report.is === 'started') return entry?.started(report.leader);
    open.delete(report.attemptId);
    if (open.size === 0) reports.unref();
    if (report.is === 'ended') return entry?.ended(report.status);
    const { code, syscall, message } = report;
    entry?.refused(Object.assign(new Error(message), { code, syscall }));
  });
  const send = (request: KeeperRequest) => child.stdin.write(`${JSON.stringify(request)}\n`);

  return {
    start: (request) =>
      new Promise<Started | null>((resolve, reject) => {
        let ended: (status: number | null) => void = () => undefined;
        const end = new Promise<number | null>((done) => {
          ended = done;
        });
        open.set(request.attemptId, {
          started: (leader) => resolve({ leader, ended: end }),
          unanswered: () => resolve(null),
          refused: reject,
          ended,
        });
        reports.ref();
        send({ do: 'start', ...request });
      }),
    watch: (request) => send({ do: 'watch', ...request }),
    forget: (attemptId) => send({ do: 'forget', attemptId }),
  };
}
