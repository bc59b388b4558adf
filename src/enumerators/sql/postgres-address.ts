import { AbpError } from '../../domain/error.ts';
import { didYouMean } from '../../domain/nearest.ts';
import { show } from '../../domain/validate.ts';

/** Names that locate a server and its database: a part of a URL each. */
const PARTS = ['host', 'hostaddr', 'port', 'user', 'password', 'dbname'];
/** Names of options, the same in keywords and behind the `?` of a URL: those of libpq (34.1.2) that `pg` knows, and its own. */
const OPTIONS = `application_name channel_binding client_encoding connect_timeout fallback_application_name gssencmode
  idle_in_transaction_session_timeout keepalives keepalives_count keepalives_idle keepalives_interval load_balance_hosts
  lock_timeout options query_timeout ssl sslcert sslkey sslmode sslnegotiation sslrootcert statement_timeout
  target_session_attrs uselibpqcompat`.split(/\s+/);
const KNOWN = [...PARTS, ...OPTIONS];

/** Names that are not supported, but show that a text is keywords and not the path of a file. */
const OTHERS_OF_LIBPQ = /^(?:passfile|require_auth|service|sslcrl)$/;

/** Values that are limited to a form, and that form in words. */
const VALUES: Readonly<Record<string, readonly [form: RegExp, expected: string]>> = {
  host: [/^[^,]*$/, 'one host'],
  hostaddr: [/^[^,]*$/, 'one address'],
  port: [/^(?:0*(?:[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5]))?$/, 'a number up to 65535'],
  connect_timeout: [/^\d{0,6}$/, 'seconds'],
  channel_binding: [/^(?:disable|prefer|require)?$/, 'disable, prefer or require'],
  // Addresses are copied whole: values without effect are accepted, those that need more than `pg` does are refused.
  gssencmode: [/^(?:disable|prefer)?$/, 'disable or prefer'],
  load_balance_hosts: [/^(?:disable)?$/, 'disable'],
  target_session_attrs: [/^(?:any)?$/, 'any'],
  ssl: [/^(?:true|1|0|no-verify)$/, 'true, 1, 0 or no-verify'],
  sslmode: [
    /^(?:disable|allow|prefer|require|verify-ca|verify-full|no-verify)?$/,
    'disable, allow, prefer, require, verify-ca, verify-full or no-verify',
  ],
};

/** One setting of a connection string, decoded, and its position from 0. */
interface Setting {
  readonly name: string;
  readonly value: string;
  readonly at: number;
}

/** Whether a connection string is keywords (`host=… dbname=…`): not the path of a file, not a URL. */
export function isKeywords(connection: string): boolean {
  const [, first = ''] = /^\s*([a-z_]+)\s*=/.exec(connection) ?? [];
  return KNOWN.includes(first) || OTHERS_OF_LIBPQ.test(first);
}

/**
 * Converts keywords or a URL, both read as libpq reads them, to the URL that `pg` understands; returns any other connection
 * string as it is. Throws AbpError `invalid_input` with the position for what libpq refuses: `pg` could reach another database
 * than the intended one.
 */
export function asUrl(connection: string): string {
  const isUrl = /^postgres(?:ql)?:/i.test(connection);
  if (!isUrl && !isKeywords(connection)) return connection;
  const parts: Record<string, string> = {};
  const options = new Map<string, string>();
  for (const { name, value, at } of isUrl ? settingsOfUrl(connection) : settingsOfKeywords(connection)) {
    if (!KNOWN.includes(name)) throw unknownName(name, at);
    const [form, expected] = VALUES[name] ?? [];
    if (form?.test(value) === false) throw fault(at, `${expected} in ${name}`, 'something else');
    const text = encodeURIComponent(value);
    if (PARTS.includes(name)) parts[name] = text;
    else options.set(name, text);
  }
  return urlOf(parts, options);
}

/**
 * Builds the URL. An address has priority over a name. A login or a port needs a host; the path of a socket is an option, with
 * priority over the host.
 */
function urlOf(
  { hostaddr, host: named, user, password, port = '', dbname = '' }: Record<string, string>,
  options: Map<string, string>,
): string {
  const host = hostaddr ?? named ?? '';
  const isSocket = host.startsWith('%2F');
  if (isSocket) options.set('host', host);
  const isBare = (user ?? '') === '' && password === undefined && port === '';
  const shown = isSocket || host === '' ? (isBare ? '' : 'localhost') : host;
  const login = isBare || user === undefined ? '' : `${user}${password === undefined ? '' : `:${password}`}@`;
  if (user === undefined && password !== undefined) options.set('password', password);
  const query = [...options].map(([name, text]) => `${name}=${text}`).join('&');
  // `pg` does not decode characters that have a meaning in a path.
  const database = dbname.replace(/%(?:2F|3A|3B|40|26|3D|2B|24|2C)/g, decodeURIComponent);
  return `postgres://${login}${shown}${port === '' ? '' : `:${port}`}/${database}${query === '' ? '' : `?${query}`}`;
}

/** Reads `name = value …`; a value with white space is in single quotes, a backslash escapes a character. */
function* settingsOfKeywords(text: string): Generator<Setting> {
  const space = /\s*/y;
  const word = /[^\s=]*/y;
  const quoted = /'((?:[^'\\]|\\.)*)'/sy;
  const bare = /((?:[^\s\\]|\\.|\\$)*)/sy;
  let at = 0;
  const take = (form: RegExp) => {
    form.lastIndex = at;
    const found = form.exec(text);
    if (found) at = form.lastIndex;
    return found;
  };
  for (take(space); at < text.length; take(space)) {
    const start = at;
    const [name = ''] = take(word) ?? [];
    take(space);
    // The word is not shown: it may be part of a password.
    if (text[at] !== '=') throw fault(start, '"=" after each keyword', 'a word without one');
    at++;
    take(space);
    const found = take(text[at] === "'" ? quoted : bare);
    if (!found) throw fault(at, `a closing quote for ${name}`, 'the end');
    yield { name, value: (found[1] ?? '').replace(/\\(.?)/gs, '$1'), at: start };
  }
}

/** Reads `postgres://user:password@host:port/dbname?name=value&…`, percent-encoded. */
function* settingsOfUrl(url: string): Generator<Setting> {
  const [all = '', scheme = '', login, host = '', port, path, query] =
    /^(\w+:\/\/)(?:([^/?]*)@)?(\[[^\]/?]+\]|[^:/?[]*)(?::([^/?]*))?(?:\/([^?]*))?(?:\?(.*))?/s.exec(url) ?? [];
  if (scheme === '') throw fault(0, 'postgres://', 'another beginning');
  let at = scheme.length;
  if (login !== undefined) {
    const [, user = '', password] = /^([^:]*)(?::(.*))?$/s.exec(login) ?? [];
    if (user !== '') yield decoded('user', user, at);
    if (password !== undefined) yield decoded('password', password, at + user.length + 1);
    at += login.length + 1;
  }
  if (all.length < url.length) throw fault(all.length, 'a host, a port, "/" or "?" there', 'something else');
  if (host !== '') yield decoded('host', host.replace(/^\[(.*)\]$/, '$1'), at);
  at += host.length;
  if (port !== undefined) yield decoded('port', port, at + 1);
  at += port === undefined ? 0 : port.length + 1;
  if (path) yield decoded('dbname', path, at + 1);
  at += path === undefined ? 1 : path.length + 2;
  for (const pair of query === undefined || query === '' ? [] : query.replace(/&$/, '').split('&')) {
    const [name = '', value, ...more] = pair.split('=');
    if (value === undefined) throw fault(at, '"=" after each name', 'a name without one');
    if (more.length > 0) throw fault(at, `one "=" in ${name}`, 'several; write others as %3D');
    yield decoded(name, value, at);
    at += pair.length + 1;
  }
}

function decoded(name: string, text: string, at: number): Setting {
  const odd = text.search(/%(?![0-9a-f]{2})|%00/i);
  if (odd >= 0)
    throw fault(at, `percent-encoded text in ${name}`, 'a % that encodes no character (write % itself as %25)');
  try {
    return { name, value: decodeURIComponent(text), at };
  } catch {
    throw fault(at, `percent-encoded UTF-8 in ${name}`, 'other bytes');
  }
}

const EXAMPLES =
  'For example postgres://user@host:5432/database, or host=… port=5432 user=… dbname=…, where a value with spaces is in single quotes.';

function fault(at: number, expected: string, found: string, hint = EXAMPLES): AbpError {
  const message = `connection_string, character ${at + 1}: expected ${expected}, found ${found}`;
  return new AbpError('invalid_input', message, { hint });
}

function unknownName(name: string, at: number): AbpError {
  const found = `${show(name)}.${didYouMean(name, KNOWN)}`;
  return fault(at, 'a known name', found, `Known: ${KNOWN.join(', ')}.`);
}

/** Whether the login is bound to the TLS connection where the server offers it, as `prefer` and `require` ask. */
export function bindsChannel(url: string): boolean {
  return /[?&]channel_binding=(?:prefer|require)/.test(url);
}

/** Returns the time to wait for a connection, in milliseconds, where the URL sets one; 0 = no limit. */
export function connectTimeout(url: string): number | null {
  const [, seconds] = /[?&]connect_timeout=(\d+)/.exec(url) ?? [];
  return seconds === undefined ? null : Number(seconds) * 1000;
}
