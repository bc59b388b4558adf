import type { Rule } from './engine.ts';
import { isPlaceholder } from './shapes.ts';

/** The password at the end of a line of `.pgpass`: `host:port:database:user:password`. For logs. */
export const pgpassLines: Rule = {
  find: /(?<![\w.*-](?<!\\[nrtbf]))[\w.*-]{1,100}:(?:[0-9]{4,5}|\*):[\w.*-]{1,63}:[\w.*-]{1,63}:([^\s:"'`\\]{3,100})/g,
  locate(_text, { 0: found, 1: password = '', index }) {
    const end = index + found.length;
    return isPlaceholder(password) ? end : { start: end - password.length, end };
  },
};

/**
 * Password hashes of crypt(3), `htpasswd` and LDAP: `$6$salt$hash`, `{SSHA}hash`. For logs: a hash can be attacked
 * offline.
 */
export const passwordHashes: Rule = {
  find: /\$(?:[156y7]|gy|2[abxy]|sha1|apr1|argon2(?:id|i|d)|scrypt)\$[\w./$=,+-]{20,200}|\{S?(?:SHA|MD5)(?:256|512)?\}[A-Za-z0-9+/]{16,120}={0,2}/g,
  locate: (_text, { 0: hash, index }) => ({ start: index, end: index + hash.length }),
};
