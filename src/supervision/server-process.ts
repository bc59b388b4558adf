import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { AbpError } from '../domain/error.ts';
import type { Clock } from '../ports/clock.ts';
import { tail } from './launch.ts';
import { lockPath, readLock } from './server-lock.ts';

/** Long enough for a busy machine; a process that exits is noticed at once. */
const START_MS = 45_000;
const STOP_MS = 10_000;
const POLL_MS = 25;

/** A running server without its token. */
export interface RunningServer {
  readonly url: string;
  readonly pid: number;
  readonly since: string;
}

/** Controls the one server of a store from other processes. */
export interface ServerProcess {
  /** Returns the living server, or null. */
  find(): RunningServer | null;
  /** Returns the living server; starts a detached one if there is none. Throws `environment` with the tail of its log. */
  start(): Promise<RunningServer>;
  /** Stops the server; false = there was none. */
  stop(): Promise<boolean>;
}

/** Options of the controls. */
export interface ServerProcessOptions {
  readonly storagePath: string;
  /** Program that serves until it is stopped: `node …/main.js serve`. */
  readonly command: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
}

/** Makes the controls; opens no store. */
export function createServerProcess(options: ServerProcessOptions): ServerProcess {
  const { storagePath, clock } = options;

  function find(): RunningServer | null {
    const living = readLock(lockPath(storagePath));
    return living && { url: living.url, pid: living.pid, since: living.servingSince };
  }

  /**
   * Polls until there is a value, the time is up (ms) or waiting is pointless; then returns the last result. Counts polls: a
   * machine that was suspended meanwhile stopped the server, too.
   */
  async function waitFor<T>(poll: () => T | null, ms: number, isPointless = () => false): Promise<T | null> {
    for (let left = ms / POLL_MS; ; left--) {
      const last = isPointless() || left <= 0;
      const found = poll();
      if (found !== null || last) return found;
      await clock.sleep(POLL_MS);
    }
  }

  return {
    find,
    async start() {
      const living = find();
      if (living) return living;
      const logPath = join(dirname(storagePath), 'logs', 'server-output.log');
      const hasEnded = spawnServer(options, logPath);
      const started = await waitFor(find, START_MS, hasEnded);
      if (started) return started;
      throw new AbpError('environment', 'The dashboard did not start.', {
        hint: `Its log: ${logPath}`,
        details: { log_tail: tail(logPath) },
      });
    },
    async stop() {
      const living = find();
      if (!living) return false;
      process.kill(living.pid, 'SIGTERM');
      if (await waitFor(() => (find() ? null : true), STOP_MS)) return true;
      throw new AbpError('environment', `The dashboard (pid ${living.pid}) did not stop within ${STOP_MS / 1000} s.`, {
        hint: `kill ${living.pid}`,
      });
    },
  };
}

/** Starts the server in its own session, so that it outlives this process; returns a function that tells if it has ended. */
function spawnServer({ storagePath, command, environment }: ServerProcessOptions, logPath: string): () => boolean {
  mkdirSync(dirname(logPath), { recursive: true, mode: 0o700 });
  const log = openSync(logPath, 'a', 0o600);
  const [program, ...args] = command;
  const env = { ...environment, ABP_STORAGE_PATH: storagePath };
  const child = spawn(program, args, { cwd: homedir(), detached: true, stdio: ['ignore', log, log], env });
  closeSync(log);
  let ended = false;
  for (const event of ['error', 'exit']) child.once(event, () => (ended = true));
  child.unref();
  return () => ended;
}
