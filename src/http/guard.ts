import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { getCookie } from 'hono/cookie';
import { type Auth, PAGE_KEY_HEADER } from './auth.ts';
import type { Caller, HttpEnv } from './caller.ts';
import { HttpRefusal } from './problem.ts';

/** Allows scripts, styles and data of this server only; nothing may frame it. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** Headers of every response, also of those that the app never sees. */
export const SECURITY_HEADERS = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

const SAFE_METHODS: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];

/** Adds SECURITY_HEADERS to a response, except those that it sets itself. */
export const securityHeaders: MiddlewareHandler<HttpEnv> = async (c, next) => {
  await next();
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) if (!c.res.headers.has(name)) c.header(name, value);
};

/** Rejects larger bodies with 413, with or without a Content-Length, before they are kept. */
export function atMost(bytes: number): MiddlewareHandler<HttpEnv> {
  return bodyLimit({
    maxSize: bytes,
    onError: () => {
      throw new HttpRefusal('too_large', `Expected a body of at most ${bytes} bytes, found a larger one.`);
    },
  });
}

/** Tells whether an address is reachable from this machine only. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/**
 * Rejects foreign names in the Host header with 421: a foreign page can point its own name at this address (DNS rebinding),
 * but the browser then sends that name. A server for other machines also accepts its host name and any IP address.
 */
export function checkHost(boundTo: string): MiddlewareHandler<HttpEnv> {
  const open = !isLoopback(boundTo);
  const names = ['localhost', boundTo.toLowerCase(), ...(open ? [hostname().toLowerCase()] : [])];
  return async (c, next) => {
    const name = hostName(c.req.header('Host') ?? '');
    const known = names.includes(name) || (isIP(name) > 0 && (open || isLoopback(name)));
    if (!known) throw new HttpRefusal('misdirected', 'The Host header does not name this server.');
    await next();
  };
}

/** Rejects requests of pages of another origin with 403, by Origin and Sec-Fetch-Site, except visits by a link. */
export const checkOrigin: MiddlewareHandler<HttpEnv> = async (c, next) => {
  const origin = c.req.header('Origin');
  if (origin !== undefined && origin !== `http://${c.req.header('Host')}`) {
    throw new HttpRefusal('forbidden', `The origin ${origin} may not use this server.`);
  }
  const site = c.req.header('Sec-Fetch-Site');
  const elsewhere = site === 'cross-site' || site === 'same-site';
  const navigates = c.req.header('Sec-Fetch-Mode') === 'navigate' && SAFE_METHODS.includes(c.req.method);
  if (elsewhere && !navigates) throw new HttpRefusal('forbidden', 'A page of another origin may not use this server.');
  await next();
};

/**
 * Requires the token or a session, and sets `caller`; `whenPage` answers a browser that visits a page without one. The
 * cookie of a session alone may only read: other methods need the page key too.
 */
export function checkCaller(auth: Auth, whenPage: (fromElsewhere: boolean) => Response): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    const [, bearer] = /^Bearer +(.+)$/i.exec(c.req.header('Authorization') ?? '') ?? [];
    const caller = bearer === undefined ? visitorOf(auth, c) : auth.accepts(bearer) ? 'token' : null;
    if (caller === null) {
      if (bearer === undefined && isPageVisit(c.req.method, c.req.header('Accept'), c.req.path)) {
        return whenPage(c.req.header('Sec-Fetch-Site') === 'cross-site');
      }
      throw new HttpRefusal(
        'unauthorized',
        bearer === undefined ? 'The token is missing.' : 'The token is wrong.',
        'Send Authorization: Bearer TOKEN; the token is in the lock file beside the store. A person signs in with the link that abp serve --link prints.',
        { 'WWW-Authenticate': 'Bearer realm="abp"' },
      );
    }
    if (caller === 'reader' && !SAFE_METHODS.includes(c.req.method)) {
      throw new HttpRefusal(
        'page_key_required',
        `A change needs the header ${PAGE_KEY_HEADER} of the page that signed in; the session cookie alone may only read.`,
        'Sign in again at this address with the link that abp serve --link prints. A program sends the token instead.',
      );
    }
    c.set('caller', caller);
    return next();
  };
}

function visitorOf(auth: Auth, c: Context<HttpEnv>): Caller | null {
  return auth.visitor(getCookie(c, auth.cookieName) ?? '', c.req.header(PAGE_KEY_HEADER) ?? '');
}

function isPageVisit(method: string, accept: string | undefined, path: string): boolean {
  return method === 'GET' && accept?.includes('text/html') === true && !path.startsWith('/assets/');
}

/** Returns the host of a Host header in lower case, without port and brackets; empty if it is not host[:port]. */
function hostName(header: string): string {
  const [, bracketed, plain] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:/?#@\s]+))(?::\d{1,5})?$/.exec(header) ?? [];
  return (bracketed ?? plain ?? '').toLowerCase();
}
