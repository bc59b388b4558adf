import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { systemClock } from '../clock.ts';
import { AbpError } from '../domain/error.ts';
import { tail } from '../supervision/launch.ts';
import { openInBrowser } from './browser.ts';
import { lockPath, readLock, type ServerRecord } from './lock.ts';
import { mintCode } from './sign-in-links.ts';

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
export interface DashboardProcess {
  /** Returns the living server, or null. */
  find(): RunningServer | null;
  /** Returns the living server; starts a detached one if there is none. Throws `environment` with the tail of its log. */
  start(): Promise<RunningServer>;
  /** Stops the server; false = there was none. */
  stop(): Promise<boolean>;
  /** Opens a signed-in browser at a path such as `/jobs/job-7f3k2m`; starts the server if there is none. */
  open(path?: string): Promise<RunningServer & { readonly opened: boolean }>;
  /** Makes a link that signs one browser in once, within two minutes: for a person's terminal, never for a tool's answer. */
  signInLink(path?: string): Promise<string>;
  /** Answers the dashboard tool; never with a sign-in link, which the model could use itself. */
  act(action: 'url' | 'open' | 'status' | 'stop'): Promise<Record<string, unknown>>;
}

/** Makes the controls. `command` is the program that serves until it is stopped: `node …/main.js serve`. */
export function createDashboardProcess(options: {
  readonly storagePath: string;
  readonly command: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string | undefined>>;
}): DashboardProcess {
  const { storagePath, environment } = options;
  const lock = lockPath(storagePath);

  function find(): RunningServer | null {
    const living = readLock(lock);
    return living && withoutToken(living);
  }

  async function start(): Promise<RunningServer> {
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
  }

  async function signInLink(path = '/'): Promise<string> {
    const { url } = await start();
    // A fragment stays in the browser: no log and no proxy sees the code.
    return `${url}/auth${path === '/' ? '' : `?next=${encodeURIComponent(path)}`}#${mintCode(storagePath)}`;
  }

  async function open(path = '/') {
    const link = await signInLink(path);
    return { ...(await start()), opened: await openInBrowser(link, environment) };
  }

  async function stop(): Promise<boolean> {
    const living = find();
    if (!living) return false;
    process.kill(living.pid, 'SIGTERM');
    if (await waitFor(() => (find() ? null : true), STOP_MS)) return true;
    throw new AbpError('environment', `The dashboard (pid ${living.pid}) did not stop within ${STOP_MS / 1000} s.`, {
      hint: `kill ${living.pid}`,
    });
  }

  return {
    find,
    start,
    stop,
    open,
    signInLink,
    async act(action) {
      switch (action) {
        case 'url':
          return { running: true, ...links(await start()), message: SIGN_IN };
        case 'open': {
          const { opened, ...server } = await open();
          const message = `${opened ? 'A browser was opened, signed in.' : 'No browser could be opened.'} ${SIGN_IN}`;
          return { running: true, ...links(server), message };
        }
        case 'status': {
          const living = find();
          return living ? { running: true, ...links(living), message: SIGN_IN } : { running: false };
        }
        case 'stop':
          return { running: false, message: (await stop()) ? 'The dashboard was stopped.' : 'It was not running.' };
      }
    },
  };
}

const SIGN_IN =
  'To sign a browser in, the user runs `abp serve --link` in a terminal and opens the link that it prints.';

function withoutToken({ url, pid, servingSince }: ServerRecord): RunningServer {
  return { url, pid, since: servingSince };
}

/** Adds the addresses of views. */
function links(server: RunningServer) {
  const { url } = server;
  return { ...server, job_url: `${url}/jobs/{job_id}`, unit_url: `${url}/jobs/{job_id}/units/{unit}` };
}

/** Starts the server in its own session, so that it outlives this process; returns a function that tells if it has ended. */
function spawnServer(
  { storagePath, command, environment }: Parameters<typeof createDashboardProcess>[0],
  logPath: string,
): () => boolean {
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

/** Polls until there is a value, the time is up (ms) or waiting is pointless; then returns the last result. */
async function waitFor<T>(poll: () => T | null, ms: number, isPointless = () => false): Promise<T | null> {
  const until = systemClock.monotonic() + ms;
  for (;;) {
    const last = isPointless() || systemClock.monotonic() > until;
    const found = poll();
    if (found !== null || last) return found;
    await systemClock.sleep(POLL_MS);
  }
}
