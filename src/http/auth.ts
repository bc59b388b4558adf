import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { AbpError } from '../domain/error.ts';
import type { Caller } from './caller.ts';

/** Shorter than this, a token that a person chose could be guessed. */
const MIN_TOKEN_CHARS = 32;
const SESSION_MS = 7 * 24 * 3_600_000;
/** Browsers of one person; the one that signed in first gives way. */
const MAX_SESSIONS = 64;

/** The header by which a page proves that it is the one that signed in; a cookie goes to every port of its host. */
export const PAGE_KEY_HEADER = 'X-ABP-Page-Key';

/** What a browser gets when it signs in. */
export interface NewSession {
  /** Value of the Set-Cookie header. */
  readonly cookie: string;
  /** Kept by the page, for PAGE_KEY_HEADER. */
  readonly pageKey: string;
}

/** Who may come in. Holds the token and the sessions of one server. */
export interface Auth {
  /** Whether this is the server's token. */
  accepts(token: string): boolean;
  /** Name of the session cookie: cookies are shared by all ports of a host, so each server has its own. */
  readonly cookieName: string;
  /** Uses the code of a link up; null = it is none. Ends the session that the browser had (`former`: its cookie). */
  signIn(code: string, former: string): NewSession | null;
  /** Who shows this cookie and this page key; null = nobody that is signed in. */
  visitor(cookie: string, pageKey: string): Exclude<Caller, 'token'> | null;
  /** Ends a session; returns the Set-Cookie header that takes its cookie away. */
  signOut(cookie: string): string;
}

/** A token that nobody can guess. */
export function randomToken(): string {
  return randomBytes(32).toString('base64url');
}

/** Refuses a token that is too short to protect anything. */
export function checkToken(token: string): void {
  if (token.length >= MIN_TOKEN_CHARS && /^[\x21-\x7e]+$/.test(token)) return;
  throw new AbpError(
    'invalid_input',
    `token: expected at least ${MIN_TOKEN_CHARS} printable ASCII characters without spaces, found ${token.length}.`,
    { hint: 'openssl rand -hex 32 makes a good one.' },
  );
}

/**
 * Makes the keeper of one server's interface; `redeem` uses the code of a sign-in link up. Sessions are random, known by their
 * hashes alone, and end with the server: nothing that lies on the disk, the token least of all, makes one.
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

/** Under which a session is kept: found by a hash, the time this takes says nothing about its cookie. */
function nameOf(cookie: string): string {
  return digest(cookie).toString('base64url');
}

/** Of one length, whatever that of the text: can be compared in constant time. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
