import { readFile } from 'node:fs/promises';
import { AbpError } from '../../domain/error.ts';
import type { Exit } from '../exit-codes.ts';
import type { ServeOptions } from '../host.ts';
import type { Session } from '../session.ts';

/** Options of `abp serve`. */
export interface ServeCommandOptions {
  readonly open: boolean;
  readonly link: boolean;
  readonly port?: number;
  readonly host?: string;
  readonly tokenFile?: string;
  readonly status: boolean;
  readonly stop: boolean;
}

/** Serves until it is ended; or tells of, opens or ends the server that the store has already. */
export async function serveOrTell(session: Session, options: ServeCommandOptions): Promise<Exit> {
  const { environment, interfaces } = session.host;
  const dashboard = await interfaces.dashboard(environment);
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
  if (found && options.link) {
    const link = await dashboard.signInLink();
    // The link alone: it can be passed on as it is.
    session.answer({ ...found, link }, link);
    if (session.terminal.interactive) session.say(ABOUT_LINKS);
    return 'done';
  }
  if (found && options.open) {
    const { opened } = await dashboard.open();
    const told = opened ? 'is open in your browser.' : 'is served; no browser could be opened.';
    session.answer({ ...found, opened }, `${found.url} ${told}`);
    if (!opened && session.terminal.interactive) sayLink(session, await dashboard.signInLink());
    else if (!opened) session.say(HOW_TO_SIGN_IN);
    return 'done';
  }
  const server = await interfaces.serve(await serveOptions(options));
  const end = () => void server.close();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end);
  const opened = options.open && (await dashboard.open()).opened;
  // Unasked, only a person at a terminal gets the link that signs in: a log is no place for it.
  const offered = options.link || (!opened && session.terminal.interactive);
  const link = offered ? await dashboard.signInLink() : undefined;
  const told = { url: server.url, pid: process.pid, ...(options.link ? { link } : {}) };
  session.answer(told, `Serving ${server.url}; Ctrl-C ends it.`);
  if (link !== undefined) sayLink(session, link);
  else if (!opened) session.say(HOW_TO_SIGN_IN);
  await server.done;
  return 'done';
}

/** Where nobody sits at a terminal no link is printed: who has one is let in. */
const HOW_TO_SIGN_IN =
  'To sign a browser in, a person runs abp serve --link in a terminal on this machine: it prints a link.';

const ABOUT_LINKS =
  'It signs one browser in, once, within two minutes. Through an SSH tunnel: with the forwarded port in place of its own.';

function sayLink(session: Session, link: string): void {
  session.say(`Sign in: ${link}`);
  session.say(ABOUT_LINKS);
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
      hint: 'Make one: openssl rand -hex 32 > token && chmod 600 token',
      cause,
    });
  }
}
