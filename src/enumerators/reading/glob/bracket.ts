import { GlobFault } from './fault.ts';

/** A bracket expression `[…]`: the characters it accepts and the position after it. */
export interface Bracket {
  readonly end: number;
  accepts(char: string): boolean;
}

/** Character classes of POSIX and the two of bash, for Unicode as in a UTF-8 locale of glibc. */
const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[\p{Alphabetic}\p{Nd}]/u,
  alpha: /\p{Alphabetic}/u,
  ascii: /\p{ASCII}/u,
  blank: /[\t\p{Zs}]/u,
  cntrl: /\p{Cc}/u,
  digit: /[0-9]/,
  graph: /[^\p{White_Space}\p{Cc}\p{Cn}\p{Cs}]/u,
  lower: /\p{Lowercase}/u,
  print: /[^\p{Cc}\p{Cn}\p{Cs}]/u,
  punct: /[^\p{Alphabetic}\p{Nd}\p{White_Space}\p{Cc}\p{Cn}\p{Cs}]/u,
  space: /\p{White_Space}/u,
  upper: /\p{Uppercase}/u,
  word: /[\p{Alphabetic}\p{Nd}_]/u,
  xdigit: /[0-9A-Fa-f]/,
};

/**
 * Reads the bracket expression at `at`; null if it is not closed before `to` and therefore text. Ranges compare code
 * points. Throws GlobFault for unsupported classes.
 */
export function readBracket(text: string, at: number, to: number): Bracket | null {
  const negated = text[at + 1] === '!' || text[at + 1] === '^';
  const first = at + (negated ? 2 : 1);
  const sets: RegExp[] = [];
  const ranges: (readonly [number, number])[] = [];
  const holds = (char: string) => {
    const code = char.codePointAt(0) ?? 0;
    for (const [low, high] of ranges) if (low <= code && code <= high) return true;
    return sets.some((set) => set.test(char));
  };
  for (let next = first; next < to; ) {
    if (text[next] === ']' && next > first) {
      return { end: next + 1, accepts: (char) => holds(char) !== negated };
    }
    const named = readNamed(text, next, to);
    if (named) {
      sets.push(named.set);
      next = named.end;
      continue;
    }
    const low = readMember(text, next);
    const isRange = text[low.end] === '-' && text[low.end + 1] !== ']';
    const high = isRange ? readMember(text, low.end + 1) : low;
    ranges.push([low.code, high.code]);
    next = high.end;
  }
  return null;
}

/** Reads a class such as `[:alpha:]` inside a bracket; null if there is none at `at`. */
function readNamed(text: string, at: number, to: number): { set: RegExp; end: number } | null {
  const kind = text[at + 1] ?? '/';
  const close = text[at] === '[' && ':.='.includes(kind) ? text.indexOf(`${kind}]`, at + 2) : -1;
  if (close < 0 || close >= to) return null;
  const written = text.slice(at, close + 2);
  if (kind !== ':') {
    throw new GlobFault(`"${written}" depends on the locale and is not supported: write the characters themselves`, at);
  }
  const name = text.slice(at + 2, close);
  const set = Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined;
  if (set) return { set, end: close + 2 };
  throw new GlobFault(`"${written}" is not a character class: write one of ${Object.keys(CLASSES).join(', ')}`, at);
}

function readMember(text: string, at: number): { code: number; end: number } {
  const from = text[at] === '\\' ? at + 1 : at;
  const code = text.codePointAt(from) ?? 0;
  return { code, end: from + (code > 0xffff ? 2 : 1) };
}
