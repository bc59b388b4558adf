import { Hono, type MiddlewareHandler } from 'hono';
import type { Logger } from 'pino';
import type { Auth } from './auth.ts';
import { type HttpEnv, requestId } from './caller.ts';
import { addDiagnostics } from './diagnostics.ts';
import { addDownloads } from './downloads.ts';
import { ENDPOINTS, type Endpoint, routerPath } from './endpoints.ts';
import type { Feeds } from './feed.ts';
import { atMost, checkCaller, checkHost, checkOrigin, securityHeaders } from './guard.ts';
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

/** Twenty times the longest prompt; items never come this way. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** What an app is made of. */
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

/** Everything that is reached over HTTP, in the order in which a request passes it. */
export function createApp(parts: AppParts): Hono<HttpEnv> {
  const { host, auth, feeds, log, boundTo, port, page, mcp } = parts;
  const { orchestrator } = host;
  const metrics = createMetrics(orchestrator.deps.repository, feeds);
  const app = new Hono<HttpEnv>();
  app.onError((error, c) => {
    const answer = problemResponse(c, error);
    // Whoever asked is told the mistake; what was ABP's own is told by the log alone, with where it happened.
    if (answer.status === 500) log.error({ err: error, request_id: c.get('requestId') }, 'request failed');
    return answer;
  });
  app.notFound((c) => problemResponse(c, new HttpRefusal('no_such_path', `There is nothing at ${c.req.path}.`)));

  app.use(requestId, securityHeaders, metrics.measure, logRequests(log), checkHost(boundTo), checkOrigin);
  addSignIn(app, auth, port);
  app.use(checkCaller(auth, (fromElsewhere) => (fromElsewhere ? askAgain() : signInPage(port, 401))));
  // Behind the guard: nobody's body is kept before it is known who sends it.
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
    return c.json(output, status, { 'Cache-Control': 'no-store' });
  });
}

/** A path that is there, asked with a method that it has not. */
function refuseOtherMethods(app: Hono<HttpEnv>): void {
  for (const [path, routes] of Map.groupBy([...ENDPOINTS, ...RESOURCES], (route) => route.path)) {
    const allowed = routes.map(({ method }) => (method === 'get' ? 'GET, HEAD' : method.toUpperCase())).join(', ');
    app.all(routerPath(path), (c) => {
      throw new HttpRefusal('method_not_allowed', `${c.req.method} is not for ${c.req.path}.`, `Allowed: ${allowed}.`, {
        Allow: allowed,
      });
    });
  }
}

/** MCP is spoken by hosts, which have the token; a browser has no business there, signed in or not. */
const programsOnly: MiddlewareHandler<HttpEnv> = (c, next) => {
  if (c.get('caller') === 'token') return next();
  throw new HttpRefusal('forbidden', 'MCP is for programs, not for browsers.', 'Send Authorization: Bearer TOKEN.');
};

/** The request under the id that it has here, for an interface that is mounted behind this one. */
function identified(request: Request, id: string): Request {
  const headers = new Headers(request.headers);
  headers.set('X-Request-Id', id);
  return new Request(request, { headers });
}

/** What pages ask every other second is no news; what changes something, or is refused, is. Who tries to come in, stands out. */
function levelOf(method: string, status: number): 'debug' | 'info' | 'warn' | 'error' {
  if (status >= 500) return 'error';
  if (status === 401) return 'warn';
  return method === 'GET' && status < 400 ? 'debug' : 'info';
}

/** One line a request. The query stays out of it: it may hold what people search for. */
function logRequests(log: Logger): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    const started = performance.now();
    await next();
    const { status } = c.res;
    const line = { request_id: c.get('requestId'), method: c.req.method, path: c.req.path, status };
    log[levelOf(c.req.method, status)]({ ...line, ms: Math.round(performance.now() - started) }, 'request');
  };
}
