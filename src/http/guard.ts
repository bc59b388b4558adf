import { isIP } from 'node:net';
import { hostname } from 'node:os';
import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { getCookie } from 'hono/cookie';
import { type Auth, PAGE_KEY_HEADER } from './auth.ts';
import type { Caller, HttpEnv } from './caller.ts';
import { HttpRefusal } from './problem.ts';

/** Scripts, styles and data come from this server and nowhere else; nothing may frame it. */
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

/** What no answer is without. */
export const SECURITY_HEADERS = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

const SAFE_METHODS: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];

/** Headers for every answer; an answer that set one of them itself keeps its own. */
export const securityHeaders: MiddlewareHandler<HttpEnv> = async (c, next) => {
  await next();
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) if (!c.res.headers.has(name)) c.header(name, value);
};

/** Refuses larger bodies, with or without a length, before they are kept. */
export function atMost(bytes: number): MiddlewareHandler<HttpEnv> {
  return bodyLimit({
    maxSize: bytes,
    onError: () => {
      throw new HttpRefusal('too_large', `A body may have ${bytes} bytes here.`);
    },
  });
}

/** Whether an address can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/**
 * Refuses names that this server does not go by: a page elsewhere may point its own name at our address (DNS rebinding),
 * but cannot make the browser say ours. A server for other machines also answers to any address, which is no name.
 */
export function checkHost(boundTo: string): MiddlewareHandler<HttpEnv> {
  const open = !isLoopback(boundTo);
  const names = ['localhost', boundTo.toLowerCase(), ...(open ? [hostname().toLowerCase()] : [])];
  return async (c, next) => {
    const name = hostName(c.req.header('Host'));
    const known = name !== null && (names.includes(name) || (isIP(name) > 0 && (open || isLoopback(name))));
    if (!known) throw new HttpRefusal('misdirected', 'The Host header is not a name of this server.');
    await next();
  };
}

/** Refuses what a page of another origin sent: by its Origin, and by what the browser says of where it came from. */
export const checkOrigin: MiddlewareHandler<HttpEnv> = async (c, next) => {
  const origin = c.req.header('Origin');
  if (origin !== undefined && origin !== `http://${c.req.header('Host')}`) {
    throw new HttpRefusal('forbidden', `The origin ${origin} may not use this server.`);
  }
  const site = c.req.header('Sec-Fetch-Site');
  const elsewhere = site === 'cross-site' || site === 'same-site';
  const navigates = c.req.header('Sec-Fetch-Mode') === 'navigate' && SAFE_METHODS.includes(c.req.method);
  if (elsewhere && !navigates) throw new HttpRefusal('forbidden', 'Another page may not use this server.');
  await next();
};

/**
 * Lets in who shows the token, or a session; `whenPage` answers a browser that came without one. A session's cookie
 * alone reads: whatever is no reading needs the value that the page keeps.
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
        'Send Authorization: Bearer TOKEN; the token is in the lock file beside the store. A person signs in with a link: abp serve --link prints one.',
        { 'WWW-Authenticate': 'Bearer realm="abp"' },
      );
    }
    if (caller === 'reader' && !SAFE_METHODS.includes(c.req.method)) {
      throw new HttpRefusal(
        'page_key_required',
        `A change needs the header ${PAGE_KEY_HEADER} of the page that signed in; the session cookie alone only reads.`,
        'Sign in again, at this very address: abp serve --link prints a link. A program sends the token instead.',
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

/** The name in a Host header, without its port, lower case; null when it is none. */
function hostName(header: string | undefined): string | null {
  if (header === undefined) return null;
  const [, bracketed, plain] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:/?#@\s]+))(?::\d{1,5})?$/.exec(header) ?? [];
  return (bracketed ?? plain)?.toLowerCase() ?? null;
}
