import { openInBrowser } from './browser.ts';
import { mintCode } from './sign-in-links.ts';

/** A running server without its token. */
interface RunningServer {
  readonly url: string;
  readonly pid: number;
  readonly since: string;
}

/** Controls of the one server of a store, of which this makes those of the dashboard. */
interface ServerProcess {
  find(): RunningServer | null;
  start(): Promise<RunningServer>;
  stop(): Promise<boolean>;
}

/** Controls the dashboard of a store from other processes. */
export interface DashboardProcess extends ServerProcess {
  /** Opens a signed-in browser at a path such as `/jobs/job-7f3k2m`; starts the server if there is none. */
  open(path?: string): Promise<RunningServer & { readonly opened: boolean }>;
  /** Makes a link that signs one browser in once, within two minutes: for a person's terminal, never for a tool's answer. */
  signInLink(path?: string): Promise<string>;
  /** Answers the dashboard tool; never with a sign-in link, which the model could use itself. */
  act(action: 'url' | 'open' | 'status' | 'stop'): Promise<Record<string, unknown>>;
}

/** Makes the controls of the dashboard. */
export function createDashboardProcess(
  server: ServerProcess,
  options: {
    readonly storagePath: string;
    readonly environment: Readonly<Record<string, string | undefined>>;
  },
): DashboardProcess {
  const { find, start, stop } = server;

  async function signInLink(path = '/'): Promise<string> {
    const { url } = await start();
    // A fragment stays in the browser: no log and no proxy sees the code.
    return `${url}/auth${path === '/' ? '' : `?next=${encodeURIComponent(path)}`}#${mintCode(options.storagePath)}`;
  }

  async function open(path = '/') {
    const link = await signInLink(path);
    return { ...(await start()), opened: await openInBrowser(link, options.environment) };
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

/** Adds the addresses of views. */
function links(server: RunningServer) {
  const { url } = server;
  return { ...server, job_url: `${url}/jobs/{job_id}`, unit_url: `${url}/jobs/{job_id}/units/{unit}` };
}
