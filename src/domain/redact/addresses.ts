import { isNoValue } from './assignments.ts';
import { characters, matchAt, type Rule, runEnd, type Span, WORD_BEGINS } from './engine.ts';
import { afterValue, isCode, isMixed, isPlaceholder, isWords, textOf, valueAt } from './shapes.ts';

/** Characters of an address: none that ends it in prose, in quotes or in JSON. */
const ADDRESS = characters('!#-%(-;=?@A-Z[\\]_a-z~&*^{|}-');
const HOST =
  /(?:[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,10}|localhost|\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_-]{1,63}(?=:[0-9]))/y;
/** Schemes whose paths often contain an `@`: a user of a social network, the version of a package. */
const WEB = /(?:https?|wss?|ftps?|svn)$/i;
/** Tells whether the part after the host's colon is a port. */
const PORT = /[0-9]{1,5}(?![A-Za-z0-9._~!$%^&*+=@-])/y;
const COLON = 58;
/** Digest that pins an image: `docker://alpine:3.18@sha256:…`. */
const DIGEST = /@sha(?:256|512):[0-9a-f]{32}/y;

/** The password of an address: `scheme://user:password@host`, also one with `@`, `/` or `:` in it. */
export const addressPasswords: Rule = {
  find: /:\/\/([^\s:@/?#"'`<>\\[]{0,256}):/g,
  locate(text, { 0: found, 1: user = '', index }) {
    const start = index + found.length;
    const end = addressEnd(text, start);
    const rest = text.slice(start, end);
    if (!rest.includes('@') || matchAt(PORT, text, start) !== null) return end;
    const isWeb = WEB.test(text.slice(Math.max(0, index - 8), index));
    const at = passwordEnd(rest, isWeb);
    if (at <= 0 || matchAt(DIGEST, rest, at) !== null) return end;
    const password = rest.slice(0, at);
    // GitHub accepts a token as the user.
    if (password === 'x-oauth-basic') return { start: index + 3, end: start + at };
    return isPlaceholder(password.slice(0, 100)) || isPlaceholder(user) ? end : { start, end: start + at };
  },
};

/** Finds the end of an address, at the latest the start of the next one, so that none is read twice. */
function addressEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && (ADDRESS[text.charCodeAt(at)] === 1 || text.charCodeAt(at) > 160)) {
    if (text.charCodeAt(at) === COLON && text.startsWith('://', at)) return at;
    at++;
  }
  return at;
}

/** Finds the `@` that ends the password; -1 = none. An unencoded password may contain `@`. */
function passwordEnd(rest: string, isWeb: boolean): number {
  if (!isWeb) {
    const query = rest.indexOf('?');
    const before = query === -1 ? -1 : rest.lastIndexOf('@', query);
    return before === -1 ? rest.lastIndexOf('@') : before;
  }
  for (let at = rest.indexOf('@'), tries = 0; at !== -1 && tries < 16; at = rest.indexOf('@', at + 1), tries++) {
    if (matchAt(HOST, rest, at + 1) === null) continue;
    // The last one before the path.
    const slash = rest.indexOf('/', at);
    return Math.max(at, rest.lastIndexOf('@', slash === -1 ? rest.length : slash));
  }
  return rest.lastIndexOf('@');
}

/** Oracle: `jdbc:oracle:thin:user/password@host`. */
export const oraclePasswords: Rule = {
  find: /jdbc:oracle:[a-z]{1,8}:([^\s/:@"']{1,64})\/([^\s@"']{1,128})@/g,
  locate(_text, { 0: found, 2: password = '', index }) {
    const end = index + found.length - 1;
    return isPlaceholder(password) ? end : { start: end - password.length, end };
  },
};

/** Form that makes a value a certain secret, by the name before it. */
const CERTAIN: Readonly<Record<string, RegExp>> = {
  accountkey: /^[A-Za-z0-9+/]{20,}={0,2}/,
  sharedaccesskey: /^[A-Za-z0-9+/]{20,}={0,2}/,
  sharedsecretvalue: /^[A-Za-z0-9+/]{20,}={0,2}/,
  secretaccesskey: /^[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])/,
  sessiontoken: /^[A-Za-z0-9+/=]{80,}/,
  xamzsignature: /^[0-9a-f]{32,}/,
  xamzsecuritytoken: /^[A-Za-z0-9+/=%]{40,}/,
  xgoogsignature: /^[0-9a-f]{32,}/,
  sig: /^(?=[^&\s]{0,120}%[0-9A-F]{2})[A-Za-z0-9%]{40,}|^[A-Za-z0-9+/]{43}=/i,
  signature: /^[A-Za-z0-9~_-]{100,}/,
  authtoken: /^[\w+/=.-]{8,}/,
  abpsession: /^[\w-]{16,}/,
};

/** Values that name and form identify: cloud storage, signed addresses, npm's login, ABP's own cookie. */
export const certainValues: Rule = {
  find: /(AccountKey|SharedAccessKey|SharedSecretValue|secret_?access_?key|aws_?session_?token|SessionToken|X-Amz-Signature|X-Amz-Security-Token|X-Goog-Signature|[?&]sig|[?&]Signature|_authToken|abp_session(?:_[0-9]{1,5})?)\\{0,7}["']?[ \t]{0,3}(?:=|:|%3D)[ \t]{0,3}/gi,
  locate(text, { 0: found, 1: name = '', index }) {
    const value = valueAt(text, index + found.length);
    const kind = name
      .toLowerCase()
      .replace(/[^a-z]/g, '')
      .replace(/^aws/, '');
    const said = textOf(text, value);
    const isCertain = CERTAIN[kind]?.test(said) && !isPlaceholder(said) && !isCode(said);
    return isCertain ? { start: value.start, end: value.end } : afterValue(value);
  },
};

/** Parts of a connection string other than its password. */
const PART =
  '(?:server|data source|host(?:name)?|database|initial catalog|dbname|user ?id|uid|user(?:name)?|endpoint|driver|dsn|port|addr(?:ess)?|encrypt|ssl ?mode|integrated security|trusted_connection|provider|protocol)';
const PASSWORD = /^(?:password|pwd)$/i;
const NEXT = /[ \t]{0,2}([A-Za-z][A-Za-z _]{0,30}?)[ \t]{0,2}=[ \t]{0,2}/y;
const NEXT_PART = new RegExp(`[;\\s][ \\t]{0,2}${PART}[ \\t]{0,2}=`, 'iy');
/** Length of a part, and number of parts. */
const LONGEST_PART = 200;
const MOST_PARTS = 16;
/** Value of the first part, up to the possible start of the next one in either notation. */
const FIRST_PART = characters(' \\t!#-&(-:?@A-Z[\\]^_a-z{|}~/-');
/** A part that ends with a semicolon may contain spaces. */
const BEFORE_SEMICOLON = characters(' \\t!#-&(-:=?@A-Z[\\]^_a-z{|}~/-');

/**
 * The password of a connection string: `Server=db;User Id=sa;Password=…`, `host=db user=sa password=…`. Begins at any
 * part and reads on to the password, or takes a password that another part follows.
 */
export const connectionPasswords: Rule = {
  find: new RegExp(`${WORD_BEGINS}(?<![_-])(?:${PART}|(password|pwd))[ \\t]{0,2}=[ \\t]{0,2}`, 'gi'),
  locate(text, { 0: found, 1: password, index }) {
    const from = index + found.length;
    if (password !== undefined) {
      const value = valueAt(text, from);
      const isFollowed = matchAt(NEXT_PART, text, value.quoted ? value.end + 1 : value.end) !== null;
      return isFollowed && isSecretPart(text, value) ? { start: value.start, end: value.end } : afterValue(value);
    }
    const isList = text[runEnd(text, from, FIRST_PART, from + LONGEST_PART)] === ';';
    let at = partEnd(text, from, isList);
    for (let parts = 0; parts < MOST_PARTS; parts++) {
      const next = matchAt(NEXT, text, isList && text[at] === ';' ? at + 1 : at);
      if (next === null) return at;
      const { 0: whole, 1: name = '' } = next;
      const start = next.index + whole.length;
      const isQuoted = /["'`\\]/.test(text.charAt(start));
      const value = isQuoted ? valueAt(text, start) : { start, end: partEnd(text, start, isList) };
      if (PASSWORD.test(name)) {
        return isSecretPart(text, value) ? { start: value.start, end: value.end } : value.end;
      }
      at = isQuoted ? value.end + 1 : value.end;
    }
    return at;
  },
};

function partEnd(text: string, from: number, isList: boolean): number {
  return isList ? runEnd(text, from, BEFORE_SEMICOLON, from + LONGEST_PART) : valueAt(text, from).end;
}

function isSecretPart(text: string, part: Span): boolean {
  const said = textOf(text, part);
  return said.trim() !== '' && !isPlaceholder(said) && !isNoValue(said) && !isCode(said);
}

/** The password of a data source in Go: `user:password@tcp(host:port)/database`. */
export const driverPasswords: Rule = {
  find: /(?<![\w.-])[\w.-]{1,64}:([^\s:@/"'`\\]{3,100})@(?:tcp|tcp6|unix)\(/g,
  locate(_text, { 0: found, 1: password = '', index }) {
    const end = index + found.lastIndexOf('@');
    return isPlaceholder(password) ? end : { start: end - password.length, end };
  },
};

/** Names of parameters that carry a secret in an address. */
const PARAMETER =
  /[?&](?:access_?token|refresh_?token|id_?token|auth_?token|api_?key|apikey|client_?secret|password|passwd|pwd|private_?key|secret(?:_?key)?)=/gi;
const IN_PARAMETER = characters('A-Za-z0-9_.~%+/=!*-');

/** The value of a parameter of an address whose name announces a secret. */
export const addressParameters: Rule = {
  find: PARAMETER,
  locate(text, { 0: found, index }) {
    const start = index + found.length;
    const end = runEnd(text, start, IN_PARAMETER);
    const value = text.slice(start, Math.min(end, start + 200));
    const isSecret = value.length >= 6 && !isPlaceholder(value) && (isMixed(value) || !isWords(value));
    return isSecret ? { start, end } : end;
  },
};
