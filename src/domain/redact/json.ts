import { isArray, type Json } from '../json.ts';
import { isNoValue } from './assignments.ts';
import { applyRules, characters, HIDDEN, type Rule, runEnd } from './engine.ts';
import { exactKindOf, isLexical, kindOf } from './names.ts';
import { isMixed, isPlaceholder, isWords, valueAt } from './shapes.ts';

/** A redacted JSON value, the number of secrets in it, and those hidden because of their name. */
export interface CleanedJson {
  readonly value: Json;
  readonly removed: number;
  readonly named: ReadonlySet<string>;
}

/** Tells whether a name announces a secret, given the names beside it (none for a pair of name and value). */
type Judge = (name: string, value: string | number, beside: readonly string[]) => boolean;

/** Redacts every string by `rules`, and the values under secret names. Shape, names and other values stay. */
export function cleanJson(json: Json, rules: readonly Rule[], judge: Judge): CleanedJson {
  let removed = 0;
  const named = new Set<string>();
  const text = (given: string): string => {
    if (given.length < SHORTEST_SECRET) return given;
    const clean = applyRules(given, rules);
    removed += clean.removed;
    return clean.text;
  };
  const hide = (given: string | number): string => {
    removed++;
    named.add(String(given));
    return HIDDEN;
  };
  const walk = (value: Json, name: string, beside: readonly string[]): Json => {
    if (typeof value === 'string' || typeof value === 'number') {
      if (name !== '' && judge(name, value, beside)) return hide(value);
      if (typeof value === 'number') return value;
      const clean = text(value);
      return clean === value && HEADER.test(name) ? headerValue(value, name) : clean;
    }
    if (isArray(value)) return value.map((item) => walk(item, name, beside));
    if (value === null || typeof value !== 'object') return value;
    const names = Object.keys(value);
    // { "name": "DB_PASSWORD", "value": "…" }
    const { name: ownName, key: ownKey } = value as { readonly name?: Json; readonly key?: Json };
    const said = typeof ownName === 'string' ? ownName : typeof ownKey === 'string' ? ownKey : '';
    const field = (key: string, item: Json) => walk(item, key === 'value' && said !== '' ? said : key, names);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, field(key, item)]));
  };
  const headerValue = (value: string, name: string): string => {
    const head = `${name}: `;
    const clean = text(head + value);
    return clean.startsWith(head) ? clean.slice(head.length) : clean;
  };
  return { value: walk(json, '', []), removed, named };
}

const SHORTEST_SECRET = 8;
/** Names under which the parts of an HTTP header are found. */
const HEADER = /^(?:proxy[-_]?)?authorization$|^(?:set[-_]?)?cookie2?$|^x-[a-z-]{1,30}$|^(?:private-token|api-key)$/i;

/** For results: exact names only, and no value that could be a word of a text, a description or a flag. */
export const certainName: Judge = (name, value, beside) => {
  const kind = exactKindOf(name);
  if (kind === null || kind === 'header') return false;
  if (typeof value === 'number') return kind === 'password' && String(value).length >= 4;
  const isNone = value === '' || isPlaceholder(value.slice(0, 100)) || isNoValue(value) || TO_BE_FILLED_IN.test(value);
  if (isNone) return false;
  const short = value.slice(0, 300);
  if (NOT_MADE.some((form) => form.test(short)) || (!beside.includes(name) && isText(value))) return false;
  if (kind === 'password') return true;
  return value.length >= 4 && !isText(value) && !isLexical(beside);
};

/**
 * Matches values that are no secret: a path (`pwd`), a place in a file, a type with its length, a single word as in
 * titles and translations.
 */
const NOT_MADE: readonly RegExp[] = [
  /^~?\/[\w./ -]*$/,
  /^[A-Za-z]:[\\/][\w.\\/ -]*$/,
  /^[./]{0,4}(?:[\w/-]+\.)+[A-Za-z]{1,5}:[0-9]{1,6}(?::[0-9]{1,6})?$/,
  /^[A-Z][A-Za-z0-9]{0,30}\([0-9, ]{0,20}\)$/,
  /^\p{Lu}\p{Ll}{3,40}$/u,
];

function isText(value: string): boolean {
  return /\s/.test(value) || isWords(value);
}

/** For logs: every name that may announce a secret. */
export const likelyName: Judge = (name, value) => {
  const kind = kindOf(name);
  if (kind === null) return false;
  if (typeof value === 'number') return kind === 'password' && String(value).length >= 4;
  if (value === '' || isPlaceholder(value.slice(0, 100)) || isNoValue(value)) return false;
  return kind !== 'key' || (value.length >= 16 && isMixed(value) && !/\s/.test(value));
};

const TO_BE_FILLED_IN = /^(?:your|insert|enter|replace|change)[-_ A-Za-z]{3,40}$/i;

/** Hides, in the JSON text of a result, the values already hidden because of their name. */
export function namedValues(named: ReadonlySet<string>): Rule {
  return {
    find: /(?:passw(?:or)?d|pwd|passphrase|secret|token|key|value)\\{0,7}"\s{0,4}:\s{0,4}/gi,
    locate(text, { 0: found, index }) {
      const { start, end: last, quoted } = valueAt(text, index + found.length);
      // A number ends before its object does.
      const end = quoted ? last : runEnd(text, start, NUMBER, last);
      return named.has(unescaped(text.slice(start, end))) ? { start, end } : start;
    },
  };
}

const NUMBER = characters('0-9.eE+-');

function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  try {
    return String(JSON.parse(`"${text}"`));
  } catch {
    return text;
  }
}
