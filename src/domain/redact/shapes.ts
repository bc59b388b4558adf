import { type Characters, characters, matchAt, runEnd } from './engine.ts';

/** A value in a text: its start and end, without its quotes. */
export interface Value {
  readonly start: number;
  readonly end: number;
  /** True = quotes around it. */
  readonly quoted: boolean;
  /** Kinds of characters in it: the sum of LETTER, DIGIT and OTHER. */
  readonly of: number;
}

export const LETTER = 1;
export const DIGIT = 2;
export const OTHER = 4;

/** Length of a value that is looked at; more adds no information. */
const LOOKED_AT = 256;
/** Longest quoted value; a quote that is not closed within it does not count as one. */
const LONGEST_QUOTED = 1024;

/** Each level of quoting doubles the backslashes and adds one. */
const OPENING = /(?:\\{7}|\\{3}|\\)?["'`]/y;
/** Characters of an unquoted value: none that ends a word, a field, an element or an argument. */
const BARE: Characters = characters('!#-%(-+.-:=?@A-Z[\\]^_a-z{}~/-');
const SPACE: Characters = characters(' \\t');
const LETTERS: Characters = characters('A-Za-z');
const DIGITS: Characters = characters('0-9');
/** Kind of each character. */
const SORTS: Uint8Array = BARE.map((_, code) => (LETTERS[code] ? LETTER : DIGITS[code] ? DIGIT : OTHER));
const [QUOTE, APOSTROPHE, BACKTICK, BACKSLASH, NEWLINE, RETURN] = [34, 39, 96, 92, 10, 13];

/** Reads the value at `at`: quoted, quoted inside quoted text (`\"…\"`), or up to the next space or delimiter. */
export function valueAt(text: string, at: number): Value {
  const first = text.charCodeAt(at);
  const isQuoted = first === QUOTE || first === APOSTROPHE || first === BACKTICK || first === BACKSLASH;
  const opening = isQuoted ? (matchAt(OPENING, text, at)?.[0] ?? '') : '';
  const start = at + opening.length;
  const quoted = opening === '' ? null : quotedValue(text, start, opening);
  if (quoted !== null) return quoted;
  let end = start;
  let of = 0;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    // Beyond ASCII everything counts as a letter.
    if (BARE[code] !== 1 && !(code > 160)) break;
    of |= SORTS[code] ?? OTHER;
  }
  return { start, end: withoutClosing(text, start, end), quoted: false, of };
}

/** Excludes a trailing bracket that was not opened in the value: it closes what is around it. */
function withoutClosing(text: string, start: number, last: number): number {
  let end = last;
  for (let n = 0; n < MOST_BRACKETS && end > start; n++) {
    const opening = OPENING_OF[text.charAt(end - 1)];
    if (opening === undefined || textOf(text, { start, end }).includes(opening)) break;
    end--;
  }
  return end;
}

const MOST_BRACKETS = 8;
const OPENING_OF: Readonly<Record<string, string>> = { '}': '{', ']': '[', ')': '(' };

/** Reads a value in quotes; null = its line ends before the closing quote. */
function quotedValue(text: string, start: number, opening: string): Value | null {
  const quote = opening.charCodeAt(opening.length - 1);
  const level = opening.length - 1;
  const limit = Math.min(text.length, start + LONGEST_QUOTED);
  let backslashes = 0;
  let of = 0;
  for (let at = start; at < limit; at++) {
    const code = text.charCodeAt(at);
    if (code === NEWLINE || code === RETURN) return null;
    if (code === quote && (level === 0 ? backslashes % 2 === 0 : backslashes <= level)) {
      return { start, end: at - Math.min(backslashes, level), quoted: true, of };
    }
    backslashes = code === BACKSLASH ? backslashes + 1 : 0;
    if (backslashes === 0) of |= SORTS[code] ?? OTHER;
  }
  return null;
}

/** Returns the part of a value that is looked at. */
export function textOf(text: string, { start, end }: Pick<Value, 'start' | 'end'>): string {
  return text.slice(start, Math.min(end, start + LOOKED_AT));
}

/**
 * Returns where to continue after a value that is no secret: inside quoted text, which may hold another one; other text
 * is not read twice.
 */
export function afterValue({ start, end, quoted }: Value): number {
  return quoted ? start : end;
}

/** Tells whether a placeholder ("fill this in", "this was hidden") is in the place of a secret. */
export function isPlaceholder(text: string): boolean {
  return BEGINS_PLACEHOLDER.has(text.charCodeAt(0)) && PLACEHOLDER.test(text);
}

const BEGINS_PLACEHOLDER: ReadonlySet<number> = new Set([...'[<&${%*•.#?_-…xXyY'].map((first) => first.charCodeAt(0)));

const PLACEHOLDER =
  /^(?:\[(?:redacted|set|hidden|filtered|secret|masked)\]?|<[^>]*>?|&lt;.*|\$\(?\{?[A-Za-z_]\w*[^a-z0-9]*|\$\{.*|\{\{.*|\{[A-Za-z_][\w.]*\}|%\(?[A-Za-z_]\w*\)?[s%]?|%[sd]|(?:[*•.#?_-]|…)+|x{3,}|X{3,}|\.{2,}.*|\*{3,}.*|your[-_][A-Za-z_-]{2,40})$/i;

const WORD = '(?:[a-z]{1,15}|[A-Z]{1,15}|[A-Z]?[a-z]{1,12}(?:[A-Z][a-z]{2,12}){1,6}|[A-Z][a-z]{1,14})';
const WORDS = new RegExp(`^${WORD}(?:[-_.:/]${WORD}){0,20}[.:!?)\\]]{0,3}$`);

/** Tells whether a text is words, as in a name or prose: letters only, in usual capitalization. */
export function isWords(text: string): boolean {
  return WORDS.test(text);
}

/** Tells whether a text has a letter and a digit. */
export function isMixed(text: string): boolean {
  return /[A-Za-z]/.test(text) && /[0-9]/.test(text);
}

/** Tells whether the value is an expression of a program that reads its secret from elsewhere. */
export function isCode(text: string): boolean {
  return CODE.test(text);
}

const CODE =
  /^(?:[A-Za-z_$@][\w$]*(?:(?:\.|->|::|\?\.)[A-Za-z_$][\w$]*)*[([{]|(?:self|this|process|os|env|config|settings|options|args|request|req|ctx|params|secrets|vars|var|local|data|module|user|props|state)\.[A-Za-z_$]|[({[]|=>|!=|==)/;

/** Tells whether another word follows on the same line, as in a sentence. */
export function isFollowedByWord(text: string, at: number): boolean {
  const next = runEnd(text, at, SPACE, at + 4);
  return next > at && /^[A-Za-z]{2,}/.test(text.slice(next, next + 3));
}
