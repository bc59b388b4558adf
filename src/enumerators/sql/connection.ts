import { existsSync } from 'node:fs';
import { absolutePath } from '../../domain/paths.ts';
import { isKeywords } from './postgres-address.ts';

/** Returns the scheme of a connection string in lower case; null for a path and for `host=… dbname=…`. */
export function schemeOf(connection: string): string | null {
  return /^([a-z][a-z0-9+.-]*):/i.exec(connection)?.[1]?.toLowerCase() ?? null;
}

/** Returns the path in a resolved connection string; null for a server. */
export function fileOf(connection: string): string | null {
  return /^sqlite:\/\/(.*)$/s.exec(connection)?.[1] ?? null;
}

/**
 * Returns `sqlite://` and an absolute path for a file; the URL or the keywords of a server as they are. After `sqlite:///`
 * there is an absolute path or, as other tools write it, a relative one, perhaps percent-encoded, perhaps with options after
 * `?`: the first candidate that exists is taken. A `file:` URL is percent-encoded (RFC 8089).
 */
export function resolveConnection(connection: string, workingDirectory: string): string {
  const scheme = schemeOf(connection);
  if ((scheme !== null && scheme !== 'sqlite' && scheme !== 'file') || isKeywords(connection)) return connection;
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

/** Decodes percent-encoding, where the text is well-formed. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
