import { AbpError } from '../../domain/error.ts';
import { didYouMean } from '../../domain/nearest.ts';
import { show } from '../../domain/validate.ts';

/**
 * What may be said of a server, as keyword or behind the `?` of a URL → what it is in a URL; options stand there by the
 * same name. Those of libpq (manual of PostgreSQL, 34.1.2) that `pg` knows, and those of `pg`.
 */
const KNOWN: Readonly<Record<string, 'host' | 'port' | 'user' | 'password' | 'dbname' | 'option'>> = {
  host: 'host',
  hostaddr: 'host',
  port: 'port',
  user: 'user',
  password: 'password',
  dbname: 'dbname',
  application_name: 'option',
  channel_binding: 'option',
  client_encoding: 'option',
  connect_timeout: 'option',
  fallback_application_name: 'option',
  gssencmode: 'option',
  idle_in_transaction_session_timeout: 'option',
  keepalives: 'option',
  keepalives_count: 'option',
  keepalives_idle: 'option',
  keepalives_interval: 'option',
  load_balance_hosts: 'option',
  lock_timeout: 'option',
  options: 'option',
  query_timeout: 'option',
  ssl: 'option',
  sslcert: 'option',
  sslkey: 'option',
  sslmode: 'option',
  sslnegotiation: 'option',
  sslrootcert: 'option',
  statement_timeout: 'option',
  target_session_attrs: 'option',
  uselibpqcompat: 'option',
};

/** What begins with one of these and an equals sign is no path of a file. */
const OTHERS_OF_LIBPQ = /^(?:passfile|require_auth|service|sslcrl)$/;

/** What a value must be that is not any text. */
const VALUES: Readonly<Record<string, readonly [form: RegExp, expected: string]>> = {
  host: [/^[^,]*$/, 'one host'],
  hostaddr: [/^[^,]*$/, 'one address'],
  port: [/^(?:0*(?:[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5]))?$/, 'a number up to 65535'],
  connect_timeout: [/^\d{0,6}$/, 'seconds'],
  channel_binding: [/^(?:disable|prefer|require)?$/, 'disable, prefer or require'],
  // What says nothing here is taken, as addresses are copied whole; what would ask for more than `pg` does is refused.
  gssencmode: [/^(?:disable|prefer)?$/, 'disable or prefer'],
  load_balance_hosts: [/^(?:disable)?$/, 'disable'],
  target_session_attrs: [/^(?:any)?$/, 'any'],
  ssl: [/^(?:true|1|0|no-verify)$/, 'true, 1, 0 or no-verify'],
  sslmode: [
    /^(?:disable|allow|prefer|require|verify-ca|verify-full|no-verify)?$/,
    'disable, allow, prefer, require, verify-ca, verify-full or no-verify',
  ],
};

/** What a connection string says of a server, and where in it, from 0. */
interface Said {
  readonly name: string;
  readonly value: string;
  readonly at: number;
}

/** Whether it is `host=… dbname=…`: not the path of a file, no URL. */
export function isKeywords(connection: string): boolean {
  const [, first = ''] = /^\s*([a-z_]+)\s*=/.exec(connection) ?? [];
  return Object.hasOwn(KNOWN, first) || OTHERS_OF_LIBPQ.test(first);
}

/**
 * The URL by which `pg` reaches the server of keywords or of a URL, both read as libpq reads them; any other connection
 * string as it is. AbpError with the place for what libpq refuses: another database than the one that was meant could answer.
 */
export function asUrl(connection: string): string {
  const isUrl = /^postgres(?:ql)?:/i.test(connection);
  if (!isUrl && !isKeywords(connection)) return connection;
  const parts: Record<string, string> = {};
  const options = new Map<string, string>();
  for (const { name, value, at } of isUrl ? saidInUrl(connection) : saidInKeywords(connection)) {
    const part = Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined;
    if (part === undefined) throw unknownName(name, at);
    const [form, expected] = VALUES[name] ?? [];
    if (form?.test(value) === false) throw fault(at, `${expected} in ${name}`, 'something else');
    const text = encodeURIComponent(value);
    if (part === 'option') options.set(name, text);
    else parts[name === 'hostaddr' ? name : part] = text;
  }
  return urlOf(parts, options);
}

/** An address counts before a name. A login or a port need a host; the path of a socket is none, and counts before it. */
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
  // `pg` leaves what has a meaning in a path as it is encoded.
  const database = dbname.replace(/%(?:2F|3A|3B|40|26|3D|2B|24|2C)/g, decodeURIComponent);
  return `postgres://${login}${shown}${port === '' ? '' : `:${port}`}/${database}${query === '' ? '' : `?${query}`}`;
}

/** `name = value` with white space between; a value with white space stands between single quotes. */
function* saidInKeywords(text: string): Generator<Said> {
  const space = /\s*/y;
  const name = /[^\s=]*/y;
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
    const [named = ''] = take(name) ?? [];
    take(space);
    // What stands there may be a part of a password.
    if (text[at] !== '=') throw fault(start, '"=" behind each keyword', 'a word without one');
    at++;
    take(space);
    const found = take(text[at] === "'" ? quoted : bare);
    if (!found) throw fault(at, `a closing quote for ${named}`, 'the end');
    yield { name: named, value: (found[1] ?? '').replace(/\\(.?)/gs, '$1'), at: start };
  }
}

/** `postgres://user:password@host:port/dbname?name=value&…`, all of it percent-encoded. */
function* saidInUrl(url: string): Generator<Said> {
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
    if (value === undefined) throw fault(at, '"=" behind each name', 'a name without one');
    if (more.length > 0) throw fault(at, `one "=" in ${name}`, 'several; another is written %3D');
    yield decoded(name, value, at);
    at += pair.length + 1;
  }
}

function decoded(name: string, text: string, at: number): Said {
  const odd = text.search(/%(?![0-9a-f]{2})|%00/i);
  if (odd >= 0) throw fault(at, `percent-encoded text in ${name}`, 'a % that encodes no character (% itself is %25)');
  try {
    return { name, value: decodeURIComponent(text), at };
  } catch {
    throw fault(at, `percent-encoded UTF-8 in ${name}`, 'bytes that are none');
  }
}

const EXAMPLES =
  'For example postgres://user@host:5432/database, or host=… port=5432 user=… dbname=…, where a value with spaces stands between single quotes.';

function fault(at: number, expected: string, found: string, hint = EXAMPLES): AbpError {
  const message = `connection_string, character ${at + 1}: expected ${expected}, found ${found}`;
  return new AbpError('invalid_input', message, { hint });
}

function unknownName(name: string, at: number): AbpError {
  const known = Object.keys(KNOWN);
  const found = `${show(name)}.${didYouMean(name, known)}`;
  return fault(at, 'names that are known here', found, `Known: ${known.join(', ')}.`);
}

/** Whether the login is bound to the TLS connection where the server offers it, as `prefer` and `require` ask. */
export function bindsChannel(url: string): boolean {
  return /[?&]channel_binding=(?:prefer|require)/.test(url);
}

/** How long to wait for a connection, in milliseconds, where the URL says so; 0 = without end. */
export function connectTimeout(url: string): number | null {
  const [, seconds] = /[?&]connect_timeout=(\d+)/.exec(url) ?? [];
  return seconds === undefined ? null : Number(seconds) * 1000;
}
