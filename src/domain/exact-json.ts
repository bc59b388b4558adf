import type { Json } from './json.ts';

/**
 * Parses JSON; a number that a double would change stays text: an integer beyond 2^53 (so that all keys of a source
 * have one type), a number too large or too small, a decimal whose digits differ from those of the double. 0.1, 1.10
 * and 1e5 stay numbers; 12345678901234567890.5, 0.1234567890123456789 and 1e400 become text. Throws SyntaxError as
 * JSON.parse does.
 */
export function parseExactJson(text: string): Json {
  if (!mayLoseDigits(text)) return JSON.parse(text) as Json;
  // The third argument holds the number's source text; the declared type lacks it.
  const keepText = (_: string, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' && context?.source !== undefined && !isExact(context.source) ? context.source : value;
  return JSON.parse(text, keepText) as Json;
}

/** Matches every text that may hold a number a double changes; others have at most 15 digits and a usual exponent. */
const MAY_BE_ONE = /\d[\d.]{15}|\d[eE][-+]?\d{3}/;
const LONG = /\d[\d.]{15,}(?:[eE][-+]?\d+)?/g;
const LARGE_OR_SMALL = /\d[\d.]{0,14}[eE][-+]?\d{3,}/g;

/** Tells whether the text holds a number, or digits in a string, that a double would change. */
function mayLoseDigits(text: string): boolean {
  const isChanged = (number: string) => !isExact(number);
  return (
    // Most texts have none: this test is the cheaper one.
    MAY_BE_ONE.test(text) &&
    (text.match(LONG)?.some(isChanged) === true || text.match(LARGE_OR_SMALL)?.some(isChanged) === true)
  );
}

/**
 * Tells whether a number's double has the same value: printed with as many digits, it has the same digits. So
 * 3.1400000000000001, the way some programs print a double, stays a number.
 */
function isExact(text: string): boolean {
  const value = Number(text);
  if (!/[.eE]/.test(text)) return Number.isSafeInteger(value);
  if (String(value) === text) return true;
  const digits = digitsOf(text);
  const significant = Math.max(1, digits.indexOf('e'));
  return significant <= MOST_PRINTED && digitsOf(value.toPrecision(significant)) === digits;
}

/** Most digits that toPrecision accepts. */
const MOST_PRINTED = 100;

/** Returns the significant digits of a number and its power of ten: `-1.50e3` is `15e2`. */
function digitsOf(text: string): string {
  const [, whole = '', fraction = '', power = '0'] = /^-?(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(text) ?? [];
  const digits = whole + fraction;
  let start = 0;
  while (digits[start] === '0') start++;
  let end = digits.length;
  while (end > start && digits[end - 1] === '0') end--;
  return start === end ? '0' : `${digits.slice(start, end)}e${Number(power) - fraction.length + digits.length - end}`;
}
