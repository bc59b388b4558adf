/** Replacement of a secret. */
export const HIDDEN = '[redacted]';

/** A stretch of a text, from `start` to before `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Rule for one kind of secret. `find` (global) matches where one may begin; `locate` returns the stretch to hide, or
 * where to continue when it is not a secret. Every stretch of a text is read a bounded number of times, which keeps
 * redaction linear: quantifiers in `find` are bounded, and what `locate` reads without a bound it hides or skips.
 */
export interface Rule {
  readonly find: RegExp;
  locate(text: string, match: RegExpExecArray): Span | number;
}

/** Matches the possible start of a word: not inside one, but after an escaped line break (`\n`), which ends in a letter. */
export const WORD_BEGINS = String.raw`(?<![A-Za-z0-9](?<!\\[nrtbf]))`;

/** A redacted text, and the number of secrets in it. */
export interface Cleaned {
  readonly text: string;
  readonly removed: number;
}

/** Applies the rules one after the other. */
export function applyRules(text: string, rules: readonly Rule[]): Cleaned {
  let clean = text;
  let removed = 0;
  for (const rule of rules) {
    const found = applyRule(clean, rule);
    clean = found.text;
    removed += found.removed;
  }
  return { text: clean, removed };
}

function applyRule(text: string, { find, locate }: Rule): Cleaned {
  find.lastIndex = 0;
  const chunks: string[] = [];
  let parts: string[] = [];
  let removed = 0;
  let kept = 0;
  for (let match = find.exec(text); match !== null; match = find.exec(text)) {
    const found = locate(text, match);
    if (typeof found === 'number') {
      find.lastIndex = Math.max(found, match.index + 1);
    } else if (found.end > found.start && found.start >= kept) {
      parts.push(text.slice(kept, found.start));
      kept = found.end;
      removed++;
      find.lastIndex = Math.max(found.end, match.index + 1);
      if (parts.length === CHUNK) {
        chunks.push(parts.join(HIDDEN));
        parts = [];
      }
    }
  }
  if (removed === 0) return { text, removed };
  parts.push(text.slice(kept));
  chunks.push(parts.join(HIDDEN));
  return { text: chunks.join(HIDDEN), removed };
}

/** Parts joined at once: a text with a million secrets must not become a million strings. */
const CHUNK = 1000;

/** A set of ASCII characters, by code. */
export type Characters = Uint8Array;

/** Parses the class of a regular expression to a set: `A-Za-z0-9_`. */
export function characters(of: string): Characters {
  const one = new RegExp(`^[${of}]$`);
  return Uint8Array.from({ length: 128 }, (_, code) => Number(one.test(String.fromCharCode(code))));
}

/** Finds the end of a run of such characters from `from` on, at most `limit`. */
export function runEnd(text: string, from: number, set: Characters, limit = text.length): number {
  let at = from;
  while (at < limit && set[text.charCodeAt(at)] === 1) at++;
  return at;
}

/** Finds the start of a run of such characters that ends before `to`, at least `limit`. */
export function runStart(text: string, to: number, set: Characters, limit = 0): number {
  let at = to;
  while (at > limit && set[text.charCodeAt(at - 1)] === 1) at--;
  return at;
}

/** Returns the character before a position; after an escaped line break, none. */
export function characterBefore(text: string, at: number): string {
  const escaped = text.charCodeAt(at - 2) === BACKSLASH && /[nrtbf]/.test(text.charAt(at - 1));
  return escaped ? '' : text.charAt(at - 1);
}

const BACKSLASH = 92;

/** Matches a sticky pattern at a position. */
export function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
