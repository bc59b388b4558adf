import { Hono, type MiddlewareHandler } from 'hono';
import type { Logger } from 'pino';
import type { Auth } from './auth.ts';
import { type HttpEnv, requestId } from './caller.ts';
import { addDiagnostics } from './diagnostics.ts';
import { addDownloads } from './downloads.ts';
import { ENDPOINTS, type Endpoint, routerPath } from './endpoints.ts';
import type { Feeds } from './feed.ts';
import { atMost, checkCaller, checkHost, checkOrigin, securityHeaders } from './guard.ts';
import { withHintsWorded } from './hints.ts';
import type { HttpHost, ServeOptions } from './host.ts';
import { inputReader, withKey } from './input.ts';
import { createMetrics } from './metrics.ts';
import { openApiDocument } from './openapi.ts';
import { addPage, type PageFiles } from './page.ts';
import { HttpRefusal, problemResponse } from './problem.ts';
import { openApi, RESOURCES } from './resources.ts';
import { serverCall } from './server-call.ts';
import { addSignIn, addSignOut, askAgain, signInPage } from './sign-in.ts';
import { addStreams } from './streams.ts';

/** Twenty times the longest prompt; items are read from sources, not from requests. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** Parts of the app. */
export interface AppParts {
  readonly host: HttpHost;
  readonly auth: Auth;
  readonly feeds: Feeds;
  readonly log: Logger;
  readonly boundTo: string;
  readonly port: number;
  readonly page: PageFiles;
  readonly mcp?: ServeOptions['mcp'];
}

/** Creates the app: middleware and routes, in the order in which a request passes them. */
export async function createApp(parts: AppParts): Promise<Hono<HttpEnv>> {
  const { host, auth, feeds, log, boundTo, port, page, mcp } = parts;
  const { orchestrator } = host;
  const metrics = await createMetrics(orchestrator, feeds);
  const app = new Hono<HttpEnv>();
  app.onError((error, c) => {
    const answer = problemResponse(c, error);
    // Only the log gets the stack of an internal error.
    if (answer.status === 500) log.error({ err: error, request_id: c.get('requestId') }, 'request failed');
    return answer;
  });
  app.notFound((c) => problemResponse(c, new HttpRefusal('no_such_path', `There is nothing at ${c.req.path}.`)));

  app.use(requestId, securityHeaders, metrics.measure, logRequests(log), checkHost(boundTo), checkOrigin);
  addSignIn(app, auth, port);
  app.use(checkCaller(auth, (fromElsewhere) => (fromElsewhere ? askAgain() : signInPage(port, 401))));
  // After the guard: no body is kept before its sender is known.
  app.use(atMost(MAX_BODY_BYTES));
  addSignOut(app, auth);
  addDiagnostics(app, host, feeds);
  metrics.addTo(app);
  addStreams(app, orchestrator, feeds);
  addDownloads(app, orchestrator);
  for (const endpoint of ENDPOINTS) addEndpoint(app, host, endpoint);
  app.get(openApi.path, (c) => c.json(openApiDocument()));
  refuseOtherMethods(app);
  if (mcp) app.all('/mcp', programsOnly, (c) => mcp(identified(c.req.raw, c.get('requestId'))));
  addPage(app, page);
  return app;
}

function addEndpoint(app: Hono<HttpEnv>, { orchestrator }: HttpHost, endpoint: Endpoint): void {
  const { operation, method, path, status = 200, keyed } = endpoint;
  const read = inputReader(endpoint, operation.input);
  app[method](routerPath(path), async (c) => {
    const input = keyed ? withKey(c, await read(c)) : await read(c);
    const output = await orchestrator.callUnknown(operation.name, input, serverCall(c));
    return c.json(withHintsWorded(output), status, { 'Cache-Control': 'no-store' });
  });
}

/** Answers 405 with Allow where a path exists but not for this method. */
function refuseOtherMethods(app: Hono<HttpEnv>): void {
  for (const [path, routes] of Map.groupBy([...ENDPOINTS, ...RESOURCES], (route) => route.path)) {
    const allowed = routes.map(({ method }) => (method === 'get' ? 'GET, HEAD' : method.toUpperCase())).join(', ');
    app.all(routerPath(path), (c) => {
      const message = `Method ${c.req.method} is not allowed for ${c.req.path}.`;
      throw new HttpRefusal('method_not_allowed', message, `Allowed: ${allowed}.`, { Allow: allowed });
    });
  }
}

/** Rejects browsers, signed in or not: MCP hosts have the token. */
const programsOnly: MiddlewareHandler<HttpEnv> = (c, next) => {
  if (c.get('caller') === 'token') return next();
  throw new HttpRefusal('forbidden', 'MCP is for programs, not for browsers.', 'Send Authorization: Bearer TOKEN.');
};

/** Copies a request with its id, for the interface mounted behind this one. */
function identified(request: Request, id: string): Request {
  const headers = new Headers(request.headers);
  headers.set('X-Request-Id', id);
  return new Request(request, { headers });
}

/** Logs polling of pages at debug, changes and errors at info, failed sign-ins at warn. */
function levelOf(method: string, status: number): 'debug' | 'info' | 'warn' | 'error' {
  if (status >= 500) return 'error';
  if (status === 401) return 'warn';
  return method === 'GET' && status < 400 ? 'debug' : 'info';
}

/** Logs one line per request, without its query, which may contain what a person searches for. */
function logRequests(log: Logger): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    const started = performance.now();
    await next();
    const { status } = c.res;
    const line = { request_id: c.get('requestId'), method: c.req.method, path: c.req.path, status };
    log[levelOf(c.req.method, status)]({ ...line, ms: Math.round(performance.now() - started) }, 'request');
  };
}
