import { existsSync } from 'node:fs';
import { AbpError } from '../../domain/error.ts';
import { didYouMean } from '../../domain/nearest.ts';
import { show } from '../../domain/validate.ts';
import { absolutePath } from '../reading/paths.ts';

/** The scheme of a connection string, in small letters; null for a path and for `host=… dbname=…`. */
export function schemeOf(connection: string): string | null {
  return /^([a-z][a-z0-9+.-]*):/i.exec(connection)?.[1]?.toLowerCase() ?? null;
}

/** The path in a resolved connection string; null for a server. */
export function fileOf(connection: string): string | null {
  return /^sqlite:\/\/(.*)$/s.exec(connection)?.[1] ?? null;
}

/**
 * `sqlite://` and an absolute path for files; the URL or the keywords of a server as they are. What follows `sqlite:///` is
 * an absolute path or, as other tools write it, a relative one, perhaps percent-encoded, perhaps with options behind `?`:
 * what exists decides. A `file:` URL is percent-encoded (RFC 8089).
 */
export function resolveConnection(connection: string, workingDirectory: string): string {
  const scheme = schemeOf(connection);
  if ((scheme !== null && scheme !== 'sqlite' && scheme !== 'file') || keywordsOf(connection)) return connection;
  const given = connection.replace(/^sqlite:(\/\/)?/i, '').replace(/^file:(\/\/(localhost(?=\/))?)?/i, '');
  const plain = scheme === null ? given : given.replace(/\?.*$/s, '');
  const ways = [given, decoded(given), plain, decoded(plain)];
  const isFileUrl = scheme === 'file';
  const candidates = (isFileUrl ? ways.toReversed() : ways).flatMap((path) => {
    const absolute = absolutePath(path.replace(/^\/+/, '/'), workingDirectory);
    const isUrl = scheme !== null && path.startsWith('/') && !path.startsWith('//');
    return isUrl ? [absolute, absolutePath(path.replace(/^\/+(?=.)/, ''), workingDirectory)] : [absolute];
  });
  return `sqlite://${candidates.find((path) => existsSync(path)) ?? candidates[0]}`;
}

/** Percent-decoded, where that is possible. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Keywords of libpq (manual of PostgreSQL, 34.1.2) → what they are in a URL; options of the same name stand behind `?`. */
const KEYWORDS: Readonly<Record<string, 'host' | 'port' | 'user' | 'password' | 'dbname' | 'option'>> = {
  host: 'host',
  hostaddr: 'host',
  port: 'port',
  user: 'user',
  password: 'password',
  dbname: 'dbname',
  application_name: 'option',
  client_encoding: 'option',
  options: 'option',
  sslcert: 'option',
  sslkey: 'option',
  sslmode: 'option',
  sslrootcert: 'option',
};

/** The keywords of `host=… dbname=…`; null where that is something else: the path of a file, a URL. */
function keywordsOf(connection: string): [string, string][] | null {
  const [, first = ''] = /^\s*([a-z_]+)\s*=/.exec(connection) ?? [];
  if (!Object.hasOwn(KEYWORDS, first) && !/^(?:service|passfile|connect_timeout|target_session_attrs)$/.test(first))
    return null;
  const pairs = [...connection.matchAll(/([a-z_]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s\\']|\\.)*))(?:\s+|$)/gs)];
  return pairs.map(([, name = '', quoted, bare = '']) => [name, (quoted ?? bare).replace(/\\(.)/gs, '$1')]);
}

/** The URL that says the same as the keywords of libpq; any other connection string as it is. */
export function asUrl(connection: string): string {
  const pairs = keywordsOf(connection);
  if (pairs === null) return connection;
  const parts: Record<string, string> = {};
  const options: string[] = [];
  for (const [name, value] of pairs) {
    const part = Object.hasOwn(KEYWORDS, name) ? KEYWORDS[name] : undefined;
    if (part === undefined) throw unknownKeyword(name);
    const text = encodeURIComponent(value);
    // The path of a socket is no name of a host.
    if (part === 'option' || (part === 'host' && value.startsWith('/')))
      options.push(`${part === 'host' ? part : name}=${text}`);
    else parts[part] = text;
  }
  // An address with a login or a port has a host; the path of a socket counts before it.
  const { user, password, port, dbname = '' } = parts;
  const { host = user === undefined && port === undefined ? '' : 'localhost' } = parts;
  const login = user === undefined ? '' : `${user}${password === undefined ? '' : `:${password}`}@`;
  const query = options.length === 0 ? '' : `?${options.join('&')}`;
  return `postgres://${login}${host}${port === undefined ? '' : `:${port}`}/${dbname}${query}`;
}

function unknownKeyword(name: string): AbpError {
  const known = Object.keys(KEYWORDS);
  const message = `connection_string: expected keywords that are known here, found ${show(name)}.${didYouMean(name, known)}`;
  return new AbpError('invalid_input', message, { hint: `Known: ${known.join(', ')}.` });
}
