import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { NODE_OPTIONS, programPath } from '../../package-root.ts';
import type { SpawnRecord } from '../../ports/worker.ts';
import type { KeeperReport, KeeperRequest } from './keeper-messages.ts';

/** A started attempt. `ended` is its exit status as a shell counts it; null when the keeper died and nobody saw it. */
export interface Started {
  readonly leader: SpawnRecord;
  readonly ended: Promise<number | null>;
}

/** What a keeper needs to know to start an attempt. */
export type StartRequest = Omit<Extract<KeeperRequest, { do: 'start' }>, 'do'>;

/** What it needs to know to keep one that was started already. */
export type WatchRequest = Omit<Extract<KeeperRequest, { do: 'watch' }>, 'do'>;

/** This process's keeper: starts attempts and outlives us until they have ended or their time is over. */
export interface Keeper {
  /** Rejects with what the system refuses (code, syscall); null when the keeper died before it answered. */
  start(request: StartRequest): Promise<Started | null>;
  /** Also keeps an attempt that was started before our time to its deadline. */
  watch(request: WatchRequest): void;
  forget(attemptId: string): void;
}

/** What is open with the keeper about one attempt. */
interface Open {
  started(leader: SpawnRecord): void;
  /** It died. */
  unanswered(): void;
  refused(error: Error): void;
  ended(status: number | null): void;
}

type KeeperProcess = ChildProcessByStdio<Writable, Readable, null>;

let current: Keeper | null = null;

/** The one keeper of this process, started with its first attempt; a new one when it has died. */
export function keeper(): Keeper {
  current ??= startKeeper(() => {
    current = null;
  });
  return current;
}

function startKeeper(onDeath: () => void): Keeper {
  const open = new Map<string, Open>();
  const child: KeeperProcess = spawn(process.execPath, [...NODE_OPTIONS, programPath('workers/process/keeper-main')], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { PATH: process.env.PATH ?? '' },
  });
  // Waiting for an attempt keeps this process alive, an idle keeper does not.
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
  // Not its exit: what it has reported may still be on its way to us.
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
