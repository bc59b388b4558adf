import { characters, matchAt, type Rule, runEnd, runStart, type Span } from './engine.ts';
import { PROVIDERS, PROVIDERS_BY_MIDDLE, type Provider } from './providers.ts';
import { isMixed } from './shapes.ts';

/**
 * Matches the end of a word that itself ends in letters or digits: an escape (`\n`, `\u003d`, `%3A`), a terminal colour
 * (`[32m`).
 */
const ESCAPE = String.raw`\\[nrtbf]|\\u[0-9a-fA-F]{4}|%[0-9A-F]{2}|\[[0-9;]{1,8}m`;
/** Start of a token; the escape before it is matched, since a lookbehind at each position is slow. */
const BEGINS = `(?:(?<![A-Za-z0-9])|(${ESCAPE}))`;
const TOKEN = characters('A-Za-z0-9_-');
/** Length of a key that its pattern matches; the rest of the token is added. */
const MATCHED = 256;

const bounded = ({ pattern }: Provider) => pattern.replaceAll(/\{(\d+),\}/g, `{$1,${MATCHED}}`);
const MIXED = PROVIDERS.filter(({ mixed }) => mixed).map(bounded);
const PLAIN = PROVIDERS.filter(({ mixed }) => !mixed).map(bounded);

/** Keys of known providers. */
export const providerKeys: Rule = {
  find: new RegExp(`${BEGINS}(?:(${MIXED.join('|')})|${PLAIN.join('|')})`, 'g'),
  locate(text, { 0: found, 1: escaped = '', 2: mixed, index }) {
    const end = index + found.length;
    if (FILLED.test(found) || (mixed !== undefined && !looksMade(mixed.slice(4)))) return end;
    return { start: index + escaped.length, end: runEnd(text, end, TOKEN) };
  },
};

/** Placeholders of keys in examples: `ghp_xxxxxxxxxxxxxxxxxxxx`. */
const FILLED = /(?:x{10}|X{10}|0{10})$/;

/** Keys of known providers that are recognized by their middle. */
export const providerKeysByMiddle: Rule = {
  find: new RegExp(PROVIDERS_BY_MIDDLE.map(({ pattern }) => `(${pattern})`).join('|'), 'g'),
  locate(text, match) {
    const { 0: found, index } = match;
    const end = index + found.length;
    const which = PROVIDERS_BY_MIDDLE.findIndex((_, n) => match[n + 1] !== undefined);
    const provider = PROVIDERS_BY_MIDDLE[which];
    if (provider?.mixed && !looksMade(found)) return end;
    const before = provider?.before.exec(text.slice(Math.max(0, index - LONGEST_BEFORE), index));
    return before ? { start: index - before[0].length, end: runEnd(text, end, TOKEN) } : end;
  },
};

const LONGEST_BEFORE = 40;

/** Tells whether a token looks generated: lower-case letters with digits, or a run longer than any word. */
function looksMade(token: string): boolean {
  return /[a-z]/.test(token) && (/[0-9]/.test(token) || /[A-Za-z]{18}/.test(token));
}

/** JSON Web Tokens: three parts (five when encrypted) of base64url, the first a JSON object: `{"` is `eyJ`. */
export const jsonWebTokens: Rule = {
  find: new RegExp(`${BEGINS}eyJ[A-Za-z0-9_-]{7}`, 'g'),
  locate(text, { 1: escaped = '', index }) {
    const start = index + escaped.length;
    let end = runEnd(text, start, TOKEN);
    for (let part = 1; part < 3; part++) {
      if (text.charCodeAt(end) !== DOT) return end;
      const next = runEnd(text, end + 1, TOKEN);
      // Only the signature may be missing: alg "none".
      if (part === 1 && next - end < 5) return next;
      end = next;
    }
    while (text.charCodeAt(end) === DOT && TOKEN[text.charCodeAt(end + 1)] === 1) end = runEnd(text, end + 1, TOKEN);
    return { start, end };
  },
};

const DOT = 46;

const BASE64 = characters('A-Za-z0-9+/=');
/** Text between two lines of a key: white space, its escapes in JSON, the quotes of string literals in source code. */
const BETWEEN = /(?:\s|\\{1,15}[nrt]|\\{1,15}(?=["'\s])|["'+,]){1,32}/y;
const KEY_HEADER = /(?:Proc-Type|DEK-Info|Version|Comment|Charset|Hash): ?[^\n\\"]{0,200}/y;
const ENDS_KEY = /-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----|Private-MAC:/y;
/** Lines of a key have 64 (PEM, PuTTY), 70 (OpenSSH) or 76 characters; only the last one may be shorter. */
const WHOLE_LINE = 40;
/** Longest distance searched back for a key that began before the text. */
const LONGEST_KEY = 16_384;

/**
 * Private keys: PEM, OpenSSH, PGP, PuTTY. Hides the text between the markers, also when the text was cut before the
 * end marker or begins within a key.
 */
export const privateKeys: Rule = {
  find: /-----(BEGIN|END) [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----|Private-Lines: [0-9]{1,5}/g,
  locate(text, { 0: marker, 1: kind, index }) {
    return kind === 'END' ? linesBefore(text, index, marker) : linesAfter(text, index + marker.length);
  },
};

function linesAfter(text: string, from: number): Span | number {
  let at = from;
  let start = from;
  let end = from;
  /** Finds the end of the whole lines and the short line after them: the key, when there is no end marker. */
  let likelyEnd = from;
  let longest = '';
  for (let afterWhole = true; ; ) {
    const gap = matchAt(BETWEEN, text, at)?.[0] ?? '';
    at += gap.length;
    if (end === from) start = at;
    // Only an end marker proves that text after other quotes belongs to the key.
    else if (/["']/.test(gap)) afterWhole = false;
    const header = matchAt(KEY_HEADER, text, at)?.[0].length;
    const lineEnd = header === undefined ? runEnd(text, at, BASE64) : at + header;
    if (lineEnd === at) break;
    if (header === undefined) {
      if (lineEnd - at > longest.length) longest = text.slice(at, Math.min(lineEnd, at + 100));
      if (afterWhole) likelyEnd = lineEnd;
      afterWhole &&= lineEnd - at >= WHOLE_LINE;
    }
    at = lineEnd;
    end = lineEnd;
  }
  if (matchAt(ENDS_KEY, text, at)) {
    // Less text between two markers is an example or a template.
    const isKey = longest.length >= 16 || (longest.length >= 6 && isMixed(longest));
    return isKey ? { start, end } : at;
  }
  return longest.length >= WHOLE_LINE && likelyEnd > from ? { start, end: likelyEnd } : Math.max(at, from);
}

/** Finds the lines before an end marker, for a text that begins within a key. */
function linesBefore(text: string, index: number, marker: string): Span | number {
  const from = runStart(text, index, LINES, Math.max(0, index - LONGEST_KEY));
  const parts = text.slice(from, index).split(LINE_BREAKS);
  let start = index;
  let wholeLines = 0;
  for (const [n, part] of parts.toReversed().entries()) {
    // Lines and separators alternate, from the end.
    const isLine = n % 2 === 0;
    if (isLine && part !== '') {
      const isOfKey = /^[A-Za-z0-9+/=]+$/.test(part) && (part.length >= WHOLE_LINE || wholeLines === 0);
      if (!isOfKey) break;
      if (part.length >= WHOLE_LINE) wholeLines++;
      else if (start < index - 64) break;
    }
    start -= part.length;
  }
  return wholeLines > 0 ? { start, end: index } : index + marker.length;
}

const LINES = characters('A-Za-z0-9+/=\\s\\\\');
const LINE_BREAKS = /(\s+|(?:\\{1,15}[nr])+)/;

/** Lines of key material without a marker nearby, as a log prints them one by one. For logs: an image may look the same. */
export const keyLines: Rule = {
  find: /(?<![^\n\r])[A-Za-z0-9+/]{64}(?:[A-Za-z0-9+/]{6}|[A-Za-z0-9+/]{12})?(?![^\n\r])/g,
  locate: (_text, { 0: line, index }) => {
    const end = index + line.length;
    return /[a-z]/.test(line) && /[A-Z]/.test(line) && /[0-9]/.test(line) ? { start: index, end } : end;
  },
};

const MARKERS = /-----(BEGIN|END) [A-Z0-9 ]{0,30}PRIVATE KEY/g;

/** Tells whether a private key begins in a text and does not end there; null = the text contains no marker. */
export function leavesKeyOpen(text: string): boolean | null {
  const last = [...text.matchAll(MARKERS)].at(-1);
  return last === undefined ? null : last[1] === 'BEGIN';
}
