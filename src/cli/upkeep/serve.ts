import { readFile } from 'node:fs/promises';
import { AbpError } from '../../domain/error.ts';
import type { Exit } from '../exit-codes.ts';
import type { ServeOptions } from '../host.ts';
import type { Session } from '../session.ts';

/** Options of `abp serve`. */
export interface ServeCommandOptions {
  readonly open: boolean;
  readonly port?: number;
  readonly host?: string;
  readonly tokenFile?: string;
  readonly status: boolean;
  readonly stop: boolean;
}

/** Serves until it is ended; or tells of, opens or ends the server that the store has already. */
export async function serveOrTell(session: Session, options: ServeCommandOptions): Promise<Exit> {
  const { environment, doors } = session.host;
  const dashboard = await doors.dashboard(environment);
  const found = dashboard.find();
  if (options.status) {
    session.answer({ running: found !== null, ...found }, found ? `${found.url} (pid ${found.pid})` : 'Not served.');
    return 'done';
  }
  if (options.stop) {
    const stopped = await dashboard.stop();
    session.answer({ stopped }, stopped ? 'The server was ended.' : 'There was none.');
    return 'done';
  }
  if (found && options.open) {
    const { opened } = await dashboard.open();
    const told = opened ? 'is open in your browser.' : 'is served; no browser could be opened.';
    session.answer({ ...found, opened }, `${found.url} ${told}`);
    if (!opened) await offerSignIn();
    return 'done';
  }
  const server = await doors.serve(await serveOptions(options));
  const end = () => void server.close();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end);
  const opened = options.open && (await dashboard.open()).opened;
  session.answer({ url: server.url, pid: process.pid }, `Serving ${server.url}; Ctrl-C ends it.`);
  if (!opened) await offerSignIn();
  await server.done;
  return 'done';

  /** Only a person at a terminal gets the address that signs in: a log is no place for it. */
  async function offerSignIn(): Promise<void> {
    if (session.terminal.interactive) session.say(`Sign in once with: ${await dashboard.signInLink()}`);
  }
}

async function serveOptions({ port, host, tokenFile }: ServeCommandOptions): Promise<ServeOptions> {
  return {
    ...(port === undefined ? {} : { port }),
    ...(host === undefined ? {} : { host }),
    ...(tokenFile === undefined ? {} : { token: await tokenIn(tokenFile) }),
  };
}

async function tokenIn(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    throw new AbpError('invalid_input', `--token-file ${file} cannot be read: ${(cause as Error).message}`, {
      hint: 'Make one: openssl rand -hex 16 > token && chmod 600 token',
      cause,
    });
  }
}
