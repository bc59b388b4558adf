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

/** Serves until it is stopped; with an option reports, opens or stops the running server of the store. */
export async function runServe(session: Session, options: ServeCommandOptions): Promise<Exit> {
  const { environment, interfaces } = session.host;
  const dashboard = await interfaces.dashboard(environment);
  const found = dashboard.find();
  if (options.status) {
    session.answer({ running: found !== null, ...found }, found ? `${found.url} (pid ${found.pid})` : 'Not running.');
    return 'done';
  }
  if (options.stop) {
    const stopped = await dashboard.stop();
    session.answer({ stopped }, stopped ? 'The server was stopped.' : 'No server was running.');
    return 'done';
  }
  if (found && options.link) {
    const link = await dashboard.signInLink();
    // Only the link, so that it can be passed to another program.
    session.answer({ ...found, link }, link);
    if (session.terminal.interactive) session.say(ABOUT_LINKS);
    return 'done';
  }
  if (found && options.open) {
    const { opened } = await dashboard.open();
    const state = opened ? 'is open in your browser.' : 'is running; no browser could be opened.';
    session.answer({ ...found, opened }, `${found.url} ${state}`);
    if (!opened && session.terminal.interactive) sayLink(session, await dashboard.signInLink());
    else if (!opened) session.say(HOW_TO_SIGN_IN);
    return 'done';
  }
  const server = await interfaces.serve(await serveOptions(options));
  const stop = () => void server.close();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop);
  const opened = options.open && (await dashboard.open()).opened;
  // Without --link the link is only printed on a terminal: it must not get into a log.
  const offered = options.link || (!opened && session.terminal.interactive);
  const link = offered ? await dashboard.signInLink() : undefined;
  const document = { url: server.url, pid: process.pid, ...(options.link ? { link } : {}) };
  session.answer(document, `Serving ${server.url}; Ctrl-C stops it.`);
  if (link !== undefined) sayLink(session, link);
  else if (!opened) session.say(HOW_TO_SIGN_IN);
  await server.done;
  return 'done';
}

/** Printed instead of a link where the output is no terminal: a link lets anyone in. */
const HOW_TO_SIGN_IN =
  'To sign in with a browser, run abp serve --link in a terminal on this machine: it prints a link.';

const ABOUT_LINKS =
  'The link signs one browser in, once, within two minutes. Through an SSH tunnel, replace its port with the forwarded one.';

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
      hint: 'Create one: openssl rand -hex 32 > token && chmod 600 token',
      cause,
    });
  }
}
