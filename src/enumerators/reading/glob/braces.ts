import { GlobFault } from './fault.ts';

/** More words are probably a mistake, and every name would be matched against each of them. */
export const MAX_WORDS = 10_000;
const MAX_LENGTH = 1_000_000;
/** Bounds time: each brace is searched to the end of the text. */
const MAX_BRACES = 1_000;

/**
 * Expands braces as bash does: "{a,b}{1..2}" gives a1, a2, b1, b2. Escapes stay in the words; braces that bash does not
 * expand ("{a}", "{a..}", an unclosed one) are text. Follows bash 5, braces.c. Throws GlobFault above the limits.
 */
export function expandBraces(text: string): readonly string[] {
  const braces = text.split('{').length - 1;
  if (braces > MAX_BRACES) throw new GlobFault(`at most ${MAX_BRACES} braces, found ${braces}`);
  return expand(text);
}

function expand(text: string): readonly string[] {
  let open = findBrace(text, 0, '{');
  let close = findBrace(text, open + 1, '}');
  while (open < text.length && close >= text.length) {
    open = findBrace(text, open + 1, '{');
    close = findBrace(text, open + 1, '}');
  }
  if (open >= text.length) return [text];
  const inside = text.slice(open + 1, close);
  const options = hasComma(inside) ? optionsOf(inside) : (range(inside) ?? [`{${inside}}`]);
  return product(product([text.slice(0, open)], options), expand(text.slice(close + 1)));
}

/**
 * Finds `wanted` outside inner braces and escapes; returns the length of the text if it is absent. "}" closes only
 * after "," or "..".
 */
function findBrace(text: string, from: number, wanted: '{' | '}' | ','): number {
  let level = 0;
  let separated = wanted !== '}';
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (char === '\\') at++;
    else if (char === wanted && level === 0 && separated) {
      if (wanted !== '{' || at > 0 || text[at + 1] !== '}') return at;
    } else if (char === '{') level++;
    else if (char === '}' && level > 0) level--;
    else if (level === 0 && (char === ',' || (text.startsWith('..', at) && text[at + 2] !== '}'))) separated = true;
  }
  return text.length;
}

/** Checks whether the text has an unescaped comma at any depth. */
function hasComma(text: string): boolean {
  return text.replace(/\\./gs, '').includes(',');
}

function optionsOf(inside: string): readonly string[] {
  const words: string[] = [];
  for (let from = 0; from <= inside.length; ) {
    const end = findBrace(inside, from, ',');
    words.push(...expand(inside.slice(from, end)));
    from = end + 1;
  }
  return words;
}

/** Integers of bash have 64 bits. */
const MAX_NUMBER = 2n ** 63n - 1n;
const MIN_NUMBER = -(2n ** 63n);

/** Expands a range "1..3", "01..10", "a..e" or "1..9..2"; null if it is not a range or exceeds the integers of bash. */
function range(inside: string): readonly string[] | null {
  const [, first = '', last = '', by = '1'] =
    /^([+-]?\d+|[A-Za-z])\.\.([+-]?\d+|[A-Za-z])(?:\.\.([+-]?\d+))?$/.exec(inside) ?? [];
  const letters = /^[A-Za-z]/.test(first);
  if (first === '' || letters !== /^[A-Za-z]/.test(last)) return null;
  const [from, to] = [first, last].map((end) => (letters ? BigInt(end.charCodeAt(0)) : number(end))) as [
    bigint,
    bigint,
  ];
  const given = number(by);
  const step = given < 0n ? -given : given || 1n;
  const isInRange = [from, to, given].every((value) => MIN_NUMBER <= value && value <= MAX_NUMBER);
  if (!isInRange || to - from > MAX_NUMBER - 2n || to - from < MIN_NUMBER + 3n) return null;
  if (from < to && given === MIN_NUMBER) return null;
  if ((from < to ? to - from : from - to) / step >= MAX_WORDS) tooMany(`{${inside}}`);
  const width = !letters && [first, last].some(isPadded) ? Math.max(first.length, last.length) : 0;
  const words: string[] = [];
  for (let value = from; from <= to ? value <= to : value >= to; value += from <= to ? step : -step) {
    words.push(letters ? String.fromCharCode(Number(value)) : padded(value, width));
  }
  return words;
}

/** Parses an integer; BigInt accepts no plus sign. */
function number(text: string): bigint {
  return BigInt(text.replace('+', ''));
}

function isPadded(number: string): boolean {
  return /^-?0\d/.test(number);
}

function padded(value: bigint, width: number): string {
  return value < 0n ? `-${String(-value).padStart(width - 1, '0')}` : String(value).padStart(width, '0');
}

function product(heads: readonly string[], tails: readonly string[]): readonly string[] {
  if (heads.length * tails.length > MAX_WORDS) tooMany('these braces');
  if (lengthOf(heads) * tails.length + lengthOf(tails) * heads.length > MAX_LENGTH) {
    throw new GlobFault(`at most ${MAX_LENGTH} characters in all words of the braces, found more`);
  }
  return heads.flatMap((head) => tails.map((tail) => head + tail));
}

function lengthOf(words: readonly string[]): number {
  return words.reduce((sum, word) => sum + word.length, 0);
}

function tooMany(what: string): never {
  throw new GlobFault(`at most ${MAX_WORDS} words, found more in ${what}`);
}
