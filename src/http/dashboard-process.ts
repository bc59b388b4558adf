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

/** One that dies is noticed at once, a busy machine is given time. */
const START_MS = 45_000;
const STOP_MS = 10_000;
const LOOK_MS = 25;

/** What may be told of a running server: everything but its token. */
export interface RunningServer {
  readonly url: string;
  readonly pid: number;
  readonly since: string;
}

/** The one server of a store as a process of its own, from outside. */
export interface DashboardProcess {
  /** The living server, or null. */
  find(): RunningServer | null;
  /** The living server, started detached if there is none. Throws `environment` with the log's tail when it does not start. */
  start(): Promise<RunningServer>;
  /** Ends it; false = there was none. */
  stop(): Promise<boolean>;
  /** Opens a browser that is signed in at a path such as `/jobs/job-7f3k2m`; starts the server if there is none. */
  open(path?: string): Promise<RunningServer & { readonly opened: boolean }>;
  /** A link that signs one browser in once, within two minutes: for a person's terminal, never for a tool's answer. */
  signInLink(path?: string): Promise<string>;
  /** What the dashboard tool answers: never a link that signs in, which the model could use itself. */
  act(action: 'url' | 'open' | 'status' | 'stop'): Promise<Record<string, unknown>>;
}

/** Makes the handle. `command` is the program that serves until it is ended: `node …/main.js serve`. */
export function createDashboardProcess(options: {
  readonly storagePath: string;
  readonly command: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string | undefined>>;
}): DashboardProcess {
  const { storagePath, command, environment } = options;
  const lock = lockPath(storagePath);
  const told = ({ url, pid, servingSince }: ServerRecord): RunningServer => ({ url, pid, since: servingSince });

  async function ensure(): Promise<ServerRecord> {
    const living = readLock(lock);
    if (living) return living;
    const logPath = join(dirname(storagePath), 'logs', 'server-output.log');
    mkdirSync(dirname(logPath), { recursive: true, mode: 0o700 });
    const log = openSync(logPath, 'a', 0o600);
    const [program, ...args] = command;
    // Its own session and files: it outlives whoever asked for it.
    const child = spawn(program, args, {
      cwd: homedir(),
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...environment, ABP_STORAGE_PATH: storagePath },
    });
    closeSync(log);
    let ended = false;
    child.once('error', () => {
      ended = true;
    });
    child.once('exit', () => {
      ended = true;
    });
    child.unref();
    const found = await waitFor(
      () => readLock(lock),
      START_MS,
      () => ended,
    );
    if (found) return found;
    throw new AbpError('environment', 'The dashboard did not start.', {
      hint: `Its log: ${logPath}`,
      details: { log_tail: tail(logPath) },
    });
  }

  async function signInLink(path = '/'): Promise<string> {
    const { url } = await ensure();
    // What is behind # stays in the browser: no log and no proxy sees it.
    return `${url}/auth${path === '/' ? '' : `?next=${encodeURIComponent(path)}`}#${mintCode(storagePath)}`;
  }

  async function open(path = '/') {
    const link = await signInLink(path);
    return { ...told(await ensure()), opened: await openInBrowser(link, environment) };
  }

  async function stop(): Promise<boolean> {
    const living = readLock(lock);
    if (!living) return false;
    process.kill(living.pid, 'SIGTERM');
    if (await waitFor(() => (readLock(lock) ? null : true), STOP_MS)) return true;
    throw new AbpError('environment', `The dashboard (pid ${living.pid}) did not end.`, { hint: `kill ${living.pid}` });
  }

  return {
    find() {
      const living = readLock(lock);
      return living && told(living);
    },
    start: async () => told(await ensure()),
    stop,
    open,
    signInLink,
    async act(action) {
      switch (action) {
        case 'url':
          return { running: true, ...links(told(await ensure())), message: SIGN_IN };
        case 'open': {
          const { opened, ...server } = await open();
          const message = `${opened ? 'A browser was opened, signed in.' : 'No browser could be opened.'} ${SIGN_IN}`;
          return { running: true, ...links(server), message };
        }
        case 'status': {
          const living = readLock(lock);
          return living ? { running: true, ...links(told(living)), message: SIGN_IN } : { running: false };
        }
        case 'stop':
          return { running: false, message: (await stop()) ? 'The dashboard was stopped.' : 'It was not running.' };
      }
    },
  };
}

const SIGN_IN =
  'To sign a browser in, the user runs `abp serve --link` in a terminal and opens the link that it prints.';

/** Addresses of views; a browser that is not signed in is told how. */
function links({ url, pid, since }: RunningServer) {
  return { url, pid, since, job_url: `${url}/jobs/{job_id}`, unit_url: `${url}/jobs/{job_id}/units/{unit}` };
}

/** Looks until there is something, the time is up or it is hopeless. */
async function waitFor<T>(look: () => T | null, ms: number, hopeless: () => boolean = () => false): Promise<T | null> {
  const until = systemClock.monotonic() + ms;
  for (;;) {
    const lost = hopeless() || systemClock.monotonic() > until;
    const found = look();
    if (found !== null || lost) return found;
    await systemClock.sleep(LOOK_MS);
  }
}
