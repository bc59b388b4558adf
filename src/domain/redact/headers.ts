import { characters, HIDDEN, matchAt, type Rule, runEnd, type Span, WORD_BEGINS } from './engine.ts';
import { isFollowedByWord, isMixed, isPlaceholder, isWords } from './shapes.ts';

const CREDENTIAL = characters('A-Za-z0-9._~+/=%:|-');
/** Schemes whose credential is one token. */
const SCHEME =
  /(bearer|basic|token|apikey|api-key|key|bot|jwt|oauth|negotiate|ntlm|genie ?key|splunk|ssws|sso-key)(?:[ \t]{1,4}|\+|%20)(?:token=)?["']?/iy;
/** Schemes with parameters: all of them are hidden, to the end of the header. */
const SCHEME_WITH_PARAMETERS =
  /(?:digest|hawk|mac|oauth|aws4-hmac-sha256|sharedkey(?:lite)?|signature|aws|goog4-rsa-sha256)[ \t]{1,4}(?=[A-Za-z_]{1,30}[=:])/iy;
/** Text between a header's name and its value: in HTTP, JSON, escaped JSON, source code, a shell, Go's maps. */
const SEPARATOR = String.raw`\\{0,7}["']?[\])]?[ \t]{0,3}(?:=>|[:=]|,(?=[ \t]{0,2}\\{0,7}["']))[ \t]{0,3}(?:\\{0,7}["'\x60]|\[)?`;

/** `Authorization: scheme credential`; `strict` hides nothing that could be prose. */
export function authorizationHeaders(strict: boolean): Rule {
  return {
    find: new RegExp(`authorization${SEPARATOR}`, 'gi'),
    locate(text, { 0: found, index }) {
      const from = index + found.length;
      const parameters = matchAt(SCHEME_WITH_PARAMETERS, text, from);
      if (parameters) {
        const start = from + parameters[0].length;
        return { start, end: parametersEnd(text, start) };
      }
      const scheme = matchAt(SCHEME, text, from);
      const start = from + (scheme?.[0].length ?? 0);
      const end = credentialEnd(text, start);
      const value = text.slice(start, Math.min(end, start + 200));
      if (isPlaceholder(value)) return end;
      if (scheme) return isCredential(text, value, end, strict) ? { start, end } : end;
      // Rest of a scheme whose parameters are hidden.
      if (text.startsWith(` ${HIDDEN}`, end)) return end;
      const least = strict ? 20 : 8;
      return value.length >= least && (isMixed(value) || !isWords(value)) && isMixed(value) ? { start, end } : end;
    },
  };
}

function isCredential(text: string, value: string, end: number, strict: boolean): boolean {
  if (value.length < 3) return false;
  if (!isWords(value)) return true;
  return !strict && value.length >= 6 && !isFollowedByWord(text, end);
}

/** Removes the full stop of a sentence from a credential. */
function credentialEnd(text: string, start: number): number {
  let end = runEnd(text, start, CREDENTIAL);
  while (end > start && STOPS.has(text.charAt(end - 1))) end--;
  return end;
}

const STOPS: ReadonlySet<string> = new Set(['.', ':', '|']);

/** Finds the end of a credential's last parameter: `a="…", b=…`, also in quoted text with escaped quotes. */
function parametersEnd(text: string, from: number): number {
  let end = from;
  for (let n = 0; n < 20; n++) {
    const parameter = matchAt(PARAMETER, text, end);
    if (parameter === null) break;
    end += parameter[0].length;
  }
  return end;
}

const PARAMETER = /[ \t]{0,3},?[ \t]{0,3}[A-Za-z_-]{1,30}[=:](?:(\\{0,7})"[^"\\\n]{0,500}\1"|[^\s",\\]{0,500})/y;

const BARE_BEARER = new RegExp(
  String.raw`${WORD_BEGINS}bearer(?:[ \t]{1,4}|\+|%20|\\{1,7}u0020)(?=[A-Za-z0-9._~+/=-]{8})`,
  'gi',
);

/** `Bearer …` outside a header, in any case. */
export function bearerTokens(strict: boolean): Rule {
  return {
    find: BARE_BEARER,
    locate(text, { 0: found, index }) {
      const start = index + found.length;
      const end = credentialEnd(text, start);
      const value = text.slice(start, Math.min(end, start + 200));
      if (isPlaceholder(value)) return start;
      const longest = /[A-Za-z0-9]{12}/.test(value);
      const isSecret = strict
        ? value.length >= 16 && longest && isMixed(value)
        : isMixed(value) || (value.length >= 16 && !isWords(value));
      return isSecret ? { start, end } : start;
    },
  };
}

/** `Basic …`, if the rest is base64 of `user:password`. */
export const basicCredentials: Rule = {
  find: new RegExp(`${WORD_BEGINS}basic[ \\t]{1,4}(?=[A-Za-z0-9+/_-]{6})`, 'gi'),
  locate(text, { 0: found, index }) {
    const start = index + found.length;
    const end = runEnd(text, start, characters64);
    return isUserAndPassword(text.slice(start, Math.min(end, start + 400))) ? { start, end } : end;
  },
};

const characters64 = characters('A-Za-z0-9+/=_-');

/** Tells whether a text is base64 of `user:password`. */
export function isUserAndPassword(value: string): boolean {
  return /^[\x20-\x7e\u00a0-\uffff]{1,200}:[\x20-\x7e\u00a0-\uffff]{1,}$/.test(atobOrEmpty(value));
}

function atobOrEmpty(value: string): string {
  const decoded = Buffer.from(value, 'base64').toString('utf8');
  return decoded.includes('\ufffd') ? '' : decoded;
}

/** Names of cookies that carry a session or a token. */
const LOGIN_COOKIE = /sess|auth|token|jwt|csrf|xsrf|login|^s?sid$|\.sid$|remember|identity|credential/i;
const PAIR = /([A-Za-z0-9!#$%&*+.^_|~-]{1,100})=/y;

/** Syntax of a cookie header, and of a single cookie. */
const HEADER = characters(' !#-&(-;=?@A-Z[\\]^_a-z{|}~*+/-');
const COOKIE = characters(' !#-&(-:=?@A-Z[\\]^_a-z{|}~*+/-');

/** `Cookie` and `Set-Cookie`: hides the values, keeps the attributes. */
export function cookieHeaders(strict: boolean): Rule {
  return {
    find: new RegExp(`(set-)?cookie2?${SEPARATOR}`, 'gi'),
    locate(text, { 0: found, 1: set, index }) {
      const from = index + found.length;
      const first = matchAt(PAIR, text, from);
      if (!first) return from;
      const end = runEnd(text, from, set === undefined ? HEADER : COOKIE);
      if (
        !text
          .slice(from, end)
          .split(';')
          .some((pair) => isSecretPair(pair.trim(), strict))
      )
        return end;
      return { start: set === undefined ? from : from + first[0].length, end };
    },
  };
}

function isSecretPair(pair: string, strict: boolean): boolean {
  const at = pair.indexOf('=');
  const [name, value] = [pair.slice(0, at), pair.slice(at + 1, at + 200)];
  if (at < 1 || value.length < 4 || isPlaceholder(value)) return false;
  if (LOGIN_COOKIE.test(name)) return !strict || !isWords(value) || value.length >= 6;
  return !isWords(value) && (!strict || (value.length >= 8 && isMixed(value)));
}

/** Headers that carry a key. */
const KEY_HEADER = new RegExp(
  `(?:x-api-key|x-api-token|x-auth-token|x-auth-key|x-access-token|x-amz-security-token|x-goog-api-key|x-vault-token|x-gitlab-token|private-token|job-token|x-csrf-token|x-xsrf-token|x-shopify-access-token|x-functions-key|ocp-apim-subscription-key|x-rapidapi-key|x-subscription-token|api-key|apikey)${SEPARATOR}`,
  'gi',
);

/** `X-Api-Key: …` and similar headers. */
export function keyHeaders(strict: boolean): Rule {
  return {
    find: KEY_HEADER,
    locate(text, { 0: found, index }): Span | number {
      const start = index + found.length;
      const end = credentialEnd(text, start);
      const value = text.slice(start, Math.min(end, start + 200));
      if (isPlaceholder(value) || value.length < 6 || isWords(value)) return end;
      const isSecret = strict
        ? value.length >= 12 && isMixed(value) && /[A-Za-z0-9]{8}/.test(value)
        : isMixed(value) || value.length >= 16;
      return isSecret ? { start, end } : end;
    },
  };
}
