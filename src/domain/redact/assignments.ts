import { characterBefore, characters, type Rule, runStart, type Span } from './engine.ts';
import { isLastWord, KINDS, type Kind } from './names.ts';
import {
  afterValue,
  DIGIT,
  isCode,
  isFollowedByWord,
  isMixed,
  isPlaceholder,
  isWords,
  LETTER,
  OTHER,
  textOf,
  type Value,
  valueAt,
} from './shapes.ts';

/** Text between a name and its value, apart from quotes and brackets. */
const SIGN = [
  // Also `**Password:** x`.
  String.raw`[ \t]{0,3}(?::=|=>|->|[:=]|%3[ADad]|\\u003[dD])\*{0,2}[ \t]{0,3}`,
  // {"name": "DB_PASSWORD", "value": "…"}, <add key="Password" value="…"/>, headers["x", "…"]
  String.raw`[ \t]{0,3},?[ \t]{0,3}\\{0,7}["']?value\\{0,7}["']?[ \t]{0,3}[:=][ \t]{0,3}`,
  String.raw`[ \t]{1,3}(?:is|was)[ \t:]{1,3}`,
  String.raw`,?[ \t]{1,3}`,
  '>',
].join('|');

const FIND = new RegExp(
  `(?:(${KINDS.password})|(${KINDS.token})|(${KINDS.key}))(?:[_-]?[0-9]{1,5})?(\\\\{0,7}["'\`]?[\\])]?)(${SIGN})`,
  'gi',
);

const IN_NAME = characters('A-Za-z0-9_.:$@-');
const LONGEST_NAME = 64;

/** `name=value` and similar forms, by the last word of the name. For logs: hides some values that are not secret. */
export const assignments: Rule = {
  find: FIND,
  locate(text, match) {
    const { 0: found, 1: password, 2: token, 3: key = '', 4: closing = '', 5: sign = '', index } = match;
    const word = password ?? token ?? key;
    const kind: Kind = password !== undefined ? 'password' : token !== undefined ? 'token' : 'key';
    const from = index + found.length;
    if (!isLastWord(word, characterBefore(text, index))) return from;
    if (sign === '>') return text.charAt(nameStart(text, index) - 1) === '<' ? elementText(text, from) : from;
    const value = valueAt(text, from);
    const length = value.end - value.start;
    if (length === 0) return value.end;
    // The simplest case: letters with digits after a sign.
    const least = kind === 'password' ? 3 : 6;
    const isMade = value.of === LETTER + DIGIT && length >= least && (sign === '=' || sign === ':') && kind !== 'key';
    if (isMade) return { start: value.start, end: value.end };
    const start = nameStart(text, index);
    const before = text.charAt(start - 1);
    const naming = {
      name: text.slice(start, index + word.length),
      before,
      closing,
      sign: sign.trim(),
      isTight: sign === sign.trim(),
    };
    const isSecret = isSecretValue(text, value, kind, naming);
    return isSecret ? { start: value.start, end: value.end } : afterValue(value);
  },
};

function nameStart(text: string, index: number): number {
  return runStart(text, index, IN_NAME, Math.max(0, index - LONGEST_NAME));
}

interface Naming {
  readonly name: string;
  /** The character before it. */
  readonly before: string;
  /** Quotes and brackets after the name. */
  readonly closing: string;
  /** `=`, `:` and so on; '' when only a space is between. */
  readonly sign: string;
  /** True = no space around the separator. */
  readonly isTight: boolean;
}

function isSecretValue(text: string, value: Value, kind: Kind, naming: Naming): boolean {
  const { quoted, of } = value;
  const word = textOf(text, value);
  if (isPlaceholder(word) || (word.length <= 12 && NOTHING.test(word))) return false;
  const { closing, sign } = naming;
  if (sign === '' || sign === ',') return isArgument(text, value, word, kind, naming);
  const isMixed = (of & LETTER) !== 0 && (of & DIGIT) !== 0;
  if (sign === 'is' || sign === 'was') return kind !== 'key' && word.length >= 6 && isMixed && !isWords(word);
  if (!quoted && (of & OTHER) !== 0 && isCode(word)) return false;
  if (kind === 'key') return word.length >= 16 && isMixed && /[A-Za-z0-9]{12}/.test(word);
  // "name": "value"
  if (quoted && /["']/.test(closing)) return true;
  if (quoted) return !isDescription(word);
  if (kind === 'password') {
    if ((of & DIGIT) !== 0 || !isWords(word)) return word.length >= 3;
    return !isDescription(word) && !(sign === ':' && isFollowedByWord(text, value.end));
  }
  if (NUMBER_OR_DATE.test(word)) return /^[0-9]{8,}$/.test(word);
  if ((of & DIGIT) === 0 && isWords(word)) {
    return isSetting(text, value, naming) && word.length >= 3 && !isDescription(word);
  }
  return word.length >= 6 && (isMixed || word.length >= 16);
}

/** `TOKEN=abc`, `--token=abc`, `?token=abc`, `token=abc`; not `f(token=word)`, as programs name their arguments. */
function isSetting(text: string, { end }: Value, { name, before, sign, isTight }: Naming): boolean {
  if (sign !== '=') return false;
  if (name === name.toUpperCase() || name.startsWith('-') || before === '?' || before === '&') return true;
  return isTight && !/[(),;.]/.test(text.charAt(end));
}

/** Matches what is not a value. */
const NOTHING = /^(?:true|false|null|none|nil|undefined|nan|yes|no|on|off|-?[0-9]{1,3}(?:\.[0-9]+)?)[.)\]}]*$/i;

const NUMBER_OR_DATE = /^(?:[0-9.,:%+-]+$|[0-9]{4}-[0-9]{2}-[0-9]{2})/;

/** Words in place of a password where a text only mentions one. */
const DESCRIPTIONS: ReadonlySet<string> = new Set(
  `required optional string text str number bytes missing invalid incorrect wrong weak expired empty
   hidden reset resets change changed updated removed deleted stored encrypted hashed protected is was
   are must should will can cannot has have the a an your their our this that not and or if when for
   from with in on at to of by as it use used using enter entered please see field value type unknown
   default denied failed error ok okay none set unset given provided specified found ask asked prompt
   prompted option options flag argument identifier keyword operator punctuation hardcoded rotated
   leaked exposed present absent plaintext`.split(/\s+/),
);

/** Tells whether a value begins with such a word. */
function isDescription(word: string): boolean {
  return DESCRIPTIONS.has((/^[A-Za-z]{1,12}(?![A-Za-z0-9])/.exec(word)?.[0] ?? '').toLowerCase());
}

/** Tells whether a value is only such a word, or states that there is none. */
export function isNoValue(value: string): boolean {
  return NOTHING.test(value) || (/^[A-Za-z]{1,12}[.,:;!?]?$/.test(value) && isDescription(value));
}

/** `--password x`, `ENV DB_PASSWORD x`, `PASSWORD 'x'`, `login u password x`, `["--password", "x"]`. */
function isArgument(text: string, value: Value, word: string, kind: Kind, { name, closing, sign }: Naming): boolean {
  const { quoted, start } = value;
  if (word.startsWith('-') && /^--?[A-Za-z]/.test(word)) return false;
  const isFlag = /^--?[A-Za-z]/.test(name);
  if (sign === ',') return isFlag && closing !== '' && quoted;
  if (isFlag) {
    if (kind === 'key') return isMixed(word) && word.length >= 8;
    return quoted || !isWords(word) || !(isDescription(word) || isFollowedByWord(text, value.end));
  }
  if (closing !== '') return false;
  if (/^[A-Z0-9_]*_[A-Z0-9]+$/.test(name)) return isMixed(word) && word.length >= 6;
  if (kind !== 'password') return false;
  if (name === 'PASSWORD' && text[start - 1] === "'") return true;
  return LOGIN.test(text.slice(Math.max(0, start - 100), start));
}

/** A line of .netrc. */
const LOGIN = /\blogin[ \t]+\S+[ \t]+password[ \t]+$/;

/** `<password>…</password>`. */
function elementText(text: string, from: number): Span | number {
  const limit = Math.min(text.length, from + LONGEST_ELEMENT);
  let end = from;
  while (end < limit && text[end] !== '<' && text[end] !== '\n') end++;
  const isElement = text[end] === '<' && text[end + 1] === '/';
  return isElement && end > from && !isPlaceholder(text.slice(from, end)) ? { start: from, end } : end;
}

const LONGEST_ELEMENT = 512;
