import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { AbpError } from '../domain/error.ts';
import type { Caller } from './caller.ts';

/** A shorter token that a person chose could be guessed. */
const MIN_TOKEN_CHARS = 32;
const SESSION_MS = 7 * 24 * 3_600_000;
/** Above this, a new session ends the oldest one. */
const MAX_SESSIONS = 64;

/** Header by which the page that signed in proves itself; the cookie alone is sent to every port of its host. */
export const PAGE_KEY_HEADER = 'X-ABP-Page-Key';

/** Credentials that a browser gets when it signs in. */
export interface NewSession {
  /** Value of the Set-Cookie header. */
  readonly cookie: string;
  /** Value of PAGE_KEY_HEADER; the page keeps it. */
  readonly pageKey: string;
}

/** Authentication of one server: its token and its sessions. */
export interface Auth {
  /** Compares with the server's token in constant time. */
  accepts(token: string): boolean;
  /** Name of the session cookie, with the port: all ports of a host share their cookies. */
  readonly cookieName: string;
  /** Redeems the code of a link, which works once; null = not valid. Ends the browser's earlier session (`former`: its cookie). */
  signIn(code: string, former: string): NewSession | null;
  /** Returns whose cookie and page key these are; null = not signed in. */
  visitor(cookie: string, pageKey: string): Exclude<Caller, 'token'> | null;
  /** Ends a session; returns the Set-Cookie header that deletes its cookie. */
  signOut(cookie: string): string;
}

/** Makes a token of 256 random bits, base64url. */
export function randomToken(): string {
  return randomBytes(32).toString('base64url');
}

/** Rejects a weak token with AbpError `invalid_input`. */
export function checkToken(token: string): void {
  if (token.length >= MIN_TOKEN_CHARS && /^[\x21-\x7e]+$/.test(token)) return;
  throw new AbpError(
    'invalid_input',
    `token: expected at least ${MIN_TOKEN_CHARS} printable ASCII characters without spaces, found ${token.length}.`,
    { hint: 'Make one with: openssl rand -hex 32' },
  );
}

/**
 * Creates the authentication of one server; `redeem` uses up the code of a sign-in link. Sessions are random, kept as hashes
 * in memory, and end with the server: nothing on the disk, and not the token, creates one.
 */
export function createAuth(options: {
  readonly token: string;
  readonly port: number;
  readonly redeem: (code: string) => boolean;
  readonly now?: () => number;
}): Auth {
  const { token, redeem, now = Date.now } = options;
  const sessions = new Map<string, { readonly keyHash: Buffer; readonly expires: number }>();
  const cookieName = `abp_session_${options.port}`;
  const setCookie = (value: string, seconds: number) =>
    `${cookieName}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict`;
  return {
    cookieName,
    accepts: (given) => timingSafeEqual(digest(given), digest(token)),
    signIn(code, former) {
      if (!redeem(code)) return null;
      sessions.delete(nameOf(former));
      const [oldest] = sessions.keys();
      if (sessions.size >= MAX_SESSIONS && oldest !== undefined) sessions.delete(oldest);
      const [value, pageKey] = [randomToken(), randomToken()];
      sessions.set(nameOf(value), { keyHash: digest(pageKey), expires: now() + SESSION_MS });
      return { cookie: setCookie(value, SESSION_MS / 1000), pageKey };
    },
    visitor(cookie, pageKey) {
      const session = sessions.get(nameOf(cookie));
      if (!session || session.expires <= now()) return null;
      return timingSafeEqual(digest(pageKey), session.keyHash) ? 'person' : 'reader';
    },
    signOut(cookie) {
      sessions.delete(nameOf(cookie));
      return setCookie('', 0);
    },
  };
}

/** Returns the key of a session: the time of a look-up by hash reveals nothing about the cookie. */
function nameOf(cookie: string): string {
  return digest(cookie).toString('base64url');
}

/** Hashes a text to 32 bytes, so that two can be compared in constant time. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
