import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { AbpError } from '../domain/error.ts';
import { createApp } from './app.ts';
import { checkToken, createAuth, randomToken } from './auth.ts';
import { createFeeds } from './feed.ts';
import { isLoopback } from './guard.ts';
import type { HttpHost, ServeOptions } from './host.ts';
import { answerMalformed } from './malformed-requests.ts';
import { builtPage, readPage } from './page.ts';
import { OWN_CALL } from './server-call.ts';
import { redeemCode } from './sign-in-links.ts';

const LOOPBACK = '127.0.0.1';
/** Ports tried after the wanted one. */
const NEXT_PORTS = 20;
const ROTATE_MS = 60_000;

/** A running server. */
export interface HttpServer {
  /** Without token. */
  readonly url: string;
  readonly port: number;
  readonly token: string;
  /** Ends streams and connections and releases the lock. */
  close(): Promise<void>;
  /** Resolves when the server has closed. */
  readonly done: Promise<void>;
}

/**
 * Serves the API and the page of a store, and recovers jobs whose executor is lost. Throws AbpError `already_exists` with
 * the address if the store has a server, `invalid_input` for a token that is missing or too weak, `environment` if no
 * port is free.
 */
export async function serveHttp(host: HttpHost, options: ServeOptions = {}): Promise<HttpServer> {
  const boundTo = options.host ?? LOOPBACK;
  const token = tokenFor(boundTo, options.token);
  // Without this, Node answers a request without a Host header itself, and not with a problem document.
  const server = createServer({ requireHostHeader: false });
  const app = Promise.withResolvers<RequestListener>();
  app.promise.catch(() => undefined);
  // From the first connection on: a request that comes before everything is there waits for it.
  server.on('request', (request, response) => {
    app.promise.then((answer) => answer(request, response)).catch(() => response.destroy());
  });
  const port = await listen(server, boundTo, options.port ?? host.config.dashboardPort);
  const url = `http://${urlHost(boundTo)}:${port}`;
  let release = () => {};
  try {
    ({ release } = await host.orchestrator.call('claim_server', { url, port, token }, OWN_CALL));
    return await begin(host, options, { server, url, port, token, boundTo, release, answerWith: app.resolve });
  } catch (error) {
    app.reject(error);
    release();
    server.close();
    throw error;
  }
}

/** What answers the requests of a server. */
type RequestListener = ReturnType<typeof getRequestListener>;

/** A server that listens and is the one of its store, but answers no request yet. */
interface Listening extends Pick<HttpServer, 'url' | 'port' | 'token'> {
  readonly server: Server;
  readonly boundTo: string;
  /** Removes the record that it is the server of the store. */
  release(): void;
  answerWith(answer: RequestListener): void;
}

async function begin(host: HttpHost, options: ServeOptions, listening: Listening): Promise<HttpServer> {
  const { server, url, port, token, boundTo } = listening;
  const serverLog = host.openLog('server.log', { server: url });
  const log = serverLog.logger;
  const feeds = createFeeds(host.orchestrator);
  const app = await createApp({
    host,
    auth: createAuth({ token, port, redeem: (code) => redeemCode(host.config.storagePath, code) }),
    feeds,
    log,
    boundTo,
    port,
    page: readPage(options.assets ?? builtPage()),
    mcp: options.mcp,
  });
  listening.answerWith(getRequestListener(app.fetch, { errorHandler: answerMalformed(server, log) }));
  const rotating = setInterval(() => serverLog.rotate(), ROTATE_MS).unref();
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
      listening.release();
      server.close();
      server.closeAllConnections();
      return done;
    },
  };
}

function tokenFor(boundTo: string, given: string | undefined): string {
  if (given !== undefined) checkToken(given);
  else if (!isLoopback(boundTo)) {
    throw new AbpError('invalid_input', `Serving on ${boundTo} lets other machines connect: it needs a token.`, {
      hint: 'Pass --token-file with a token of at least 32 characters (openssl rand -hex 32). Traffic is not encrypted; prefer an SSH tunnel.',
    });
  }
  return given ?? randomToken();
}

/** Listens on the wanted port or the next free one; returns it. */
async function listen(server: Server, host: string, wanted: number): Promise<number> {
  const last = wanted === 0 ? 0 : Math.min(65_535, wanted + NEXT_PORTS);
  for (let port = wanted; port <= last; port++) {
    if (await tryPort(server, host, port)) return (server.address() as AddressInfo).port;
  }
  throw new AbpError('environment', `No free port from ${wanted} to ${last} on ${host}.`, {
    hint: 'Set ABP_DASHBOARD_PORT to another port; 0 picks any free one.',
  });
}

/** Returns false if the port is in use. */
async function tryPort(server: Server, host: string, port: number): Promise<boolean> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return true;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') return false;
    throw new AbpError('environment', `Cannot listen on ${host}:${port}: ${message}`, { cause });
  }
}

/** Writes an address as the host of a URL; for a wildcard address, loopback. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return LOOPBACK;
  return host.includes(':') ? `[${host}]` : host;
}
