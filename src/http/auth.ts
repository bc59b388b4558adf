import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { AbpError } from '../domain/error.ts';

/** Shorter than this, a token that a person chose could be guessed. */
export const MIN_TOKEN_CHARS = 16;
const CODE_TTL_MS = 120_000;
const SESSION_MS = 7 * 24 * 3_600_000;
/** Codes that wait to be used at the same time: a browser uses its own at once. */
const MAX_CODES = 32;

/** Who may come in. Holds the token and the one-time codes of one server. */
export interface Auth {
  /** Whether this is the server's token. */
  accepts(token: string): boolean;
  /** A code that signs one browser in once, within two minutes. */
  mintCode(): string;
  /** Uses a code up; false = unknown, used before, or too old. */
  redeem(code: string): boolean;
  /** Name of the session cookie: cookies are shared by all ports of a host, so each server has its own. */
  readonly cookieName: string;
  /** A new session as the value of a Set-Cookie header. */
  sessionCookie(): string;
  /** Whether the value of the cookie is a session of this server that is not over. */
  isSession(value: string): boolean;
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
    { hint: 'openssl rand -hex 16 makes a good one.' },
  );
}

/** Makes the keeper of one server's door. Sessions are signed with the token: they end with it, and need no memory. */
export function createAuth(token: string, port: number, now: () => number = Date.now): Auth {
  const codes = new Map<string, number>();
  const sign = (expires: string) => createHmac('sha256', token).update(`session ${expires}`).digest('base64url');
  const cookieName = `abp_session_${port}`;
  return {
    cookieName,
    accepts: (given) => equal(given, token),
    mintCode() {
      for (const [hash, expires] of codes) if (expires <= now() || codes.size >= MAX_CODES) codes.delete(hash);
      const code = randomBytes(24).toString('base64url');
      codes.set(digest(code), now() + CODE_TTL_MS);
      return code;
    },
    redeem(code) {
      const hash = digest(code);
      const expires = codes.get(hash);
      codes.delete(hash);
      return expires !== undefined && expires > now();
    },
    sessionCookie() {
      const expires = String(now() + SESSION_MS);
      const value = `${expires}.${sign(expires)}`;
      return `${cookieName}=${value}; Path=/; Max-Age=${SESSION_MS / 1000}; HttpOnly; SameSite=Strict`;
    },
    isSession(value) {
      const [expires = '', signature = ''] = value.split('.', 2);
      return equal(signature, sign(expires)) && Number(expires) > now();
    },
  };
}

/** Compares in constant time, whatever the lengths. */
function equal(given: string, expected: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(expected));
}

function digest(code: string): string {
  return createHash('sha256').update(code).digest('base64url');
}
