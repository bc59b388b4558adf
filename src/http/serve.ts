import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { AbpError } from '../domain/error.ts';
import { openLog } from '../supervision/log.ts';
import { identify } from '../workers/process/processes.ts';
import { createApp } from './app.ts';
import { checkToken, createAuth, randomToken } from './auth.ts';
import { createFeeds } from './feed.ts';
import { isLoopback } from './guard.ts';
import type { HttpHost, ServeOptions } from './host.ts';
import { lockPath, readLock, releaseLock, type ServerRecord, takeLock } from './lock.ts';
import { answerMalformed } from './malformed-requests.ts';
import { builtPage, readPage } from './page.ts';
import { redeemCode } from './sign-in-links.ts';

const LOOPBACK = '127.0.0.1';
/** Ports that are tried after the wanted one. */
const NEXT_PORTS = 20;
const ROTATE_MS = 60_000;

/** A running server. */
export interface HttpServer {
  /** Without token. */
  readonly url: string;
  readonly port: number;
  readonly token: string;
  /** Ends streams and connections and gives up the lock. */
  close(): Promise<void>;
  /** Resolves when it has ended. */
  readonly done: Promise<void>;
}

/**
 * Serves the API and the page of a store; while it does, lost jobs are recovered. Throws AbpError `already_exists` with
 * the address when the store has a server already, `invalid_input` for a token that protects nothing, `environment`
 * when no port can be had.
 */
export async function serveHttp(host: HttpHost, options: ServeOptions = {}): Promise<HttpServer> {
  const boundTo = options.host ?? LOOPBACK;
  const token = tokenFor(boundTo, options.token);
  const lock = lockPath(host.config.storagePath);
  refuseSecond(readLock(lock));
  // A request without a Host header is refused as one with a wrong one is.
  const server = createServer({ requireHostHeader: false });
  const port = await listen(server, boundTo, options.port ?? host.config.dashboardPort);
  const url = `http://${urlHost(boundTo)}:${port}`;
  const record = { ...identify(process.pid), url, port, token, servingSince: new Date().toISOString() };
  try {
    await host.orchestrator.deps.repository.turn();
    // One at a time, by the lock of the store: two that find a dead server's record must not both take its place.
    refuseSecond(host.orchestrator.deps.repository.transaction(() => takeLock(lock, record)));
  } catch (error) {
    server.close();
    throw error;
  }
  return begin(host, options, server, record, boundTo);
}

function begin(
  host: HttpHost,
  options: ServeOptions,
  server: Server,
  record: ServerRecord,
  boundTo: string,
): HttpServer {
  const { url, port, token } = record;
  const serverLog = openLog(join(dirname(host.config.storagePath), 'logs', 'server.log'), { server: url });
  const log = serverLog.logger;
  const rotating = setInterval(() => serverLog.rotate(), ROTATE_MS).unref();
  const feeds = createFeeds(host.orchestrator.deps);
  const app = createApp({
    host,
    auth: createAuth({ token, port, redeem: (code) => redeemCode(host.config.storagePath, code) }),
    feeds,
    log,
    boundTo,
    port,
    page: readPage(options.assets ?? builtPage()),
    mcp: options.mcp,
  });
  const answer = getRequestListener(app.fetch, { errorHandler: answerMalformed(server, log) });
  server.on('request', (request, response) => void answer(request, response));
  const ending = new AbortController();
  if (host.config.autoRecover) {
    void host.recovery.watch(ending.signal, ({ recovered, refused }) => {
      if (recovered.length > 0) log.info({ jobs: recovered }, 'recovered jobs');
      if (refused.length > 0) log.warn({ jobs: refused }, 'could not recover jobs');
    });
  }
  const done = new Promise<void>((resolve) => server.once('close', () => resolve()));
  log.info('serving');
  return {
    url,
    port,
    token,
    done,
    close() {
      ending.abort();
      clearInterval(rotating);
      feeds.close();
      releaseLock(lockPath(host.config.storagePath), record);
      server.close();
      server.closeAllConnections();
      return done;
    },
  };
}

function tokenFor(boundTo: string, given: string | undefined): string {
  if (given !== undefined) checkToken(given);
  else if (!isLoopback(boundTo)) {
    throw new AbpError('invalid_input', `Serving on ${boundTo} opens ABP to other machines: it needs a token.`, {
      hint: '--token-file names a file with one of at least 32 characters: openssl rand -hex 32. Traffic is not encrypted; prefer an SSH tunnel.',
    });
  }
  return given ?? randomToken();
}

function refuseSecond(living: ServerRecord | null): void {
  if (!living) return;
  throw new AbpError('already_exists', `This store has a server already: ${living.url} (pid ${living.pid}).`, {
    hint: 'Use that one, or stop it first.',
    details: { url: living.url, pid: living.pid },
  });
}

/** Listens on the wanted port or the next free one. */
async function listen(server: Server, host: string, wanted: number): Promise<number> {
  const last = wanted === 0 ? 0 : Math.min(65_535, wanted + NEXT_PORTS);
  for (let port = wanted; port <= last; port++) {
    if (await tryPort(server, host, port)) return (server.address() as AddressInfo).port;
  }
  throw new AbpError('environment', `No free port from ${wanted} to ${last} on ${host}.`, {
    hint: 'Set ABP_DASHBOARD_PORT to another one; 0 takes any.',
  });
}

function tryPort(server: Server, host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      server.removeListener('listening', onListening);
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(new AbpError('environment', `Cannot listen on ${host}:${port}: ${error.message}`, { cause: error }));
    };
    const onListening = () => {
      server.removeListener('error', onError);
      resolve(true);
    };
    server.once('error', onError);
    server.once('listening', onListening);
    server.listen(port, host);
  });
}

/** How an address is written in a URL; one that means every address is reached at this machine's own. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return LOOPBACK;
  return host.includes(':') ? `[${host}]` : host;
}
