import { readBracket } from './bracket.ts';
import { GlobFault } from './fault.ts';

/** One part of a name pattern; `text` is a list of characters (code points). */
export type Part =
  | { readonly kind: 'text'; readonly text: string[] }
  | { readonly kind: 'one'; accepts(char: string): boolean }
  | { readonly kind: 'star' }
  | Group;

/**
 * Group of options: exactly one (`@`), at most one (`?`), any number (`*`), at least one (`+`) or none of them (`!`).
 */
export interface Group {
  readonly kind: 'group';
  readonly mode: string;
  readonly options: readonly (readonly Part[])[];
}

/** Limit of groups and of wildcards in groups for one name: bounds matching to 0.2 s at worst for a name of 255 characters. */
const MAX_IN_GROUPS = 50;

/**
 * Parses the name pattern `word[from, to)` by the rules of bash 5 with extglob: an unclosed bracket is text, and so is
 * everything from an unclosed group on. Throws GlobFault for what is not supported.
 */
export function parseName(word: string, from: number, to: number): readonly Part[] {
  let inGroups = 0;
  return partsOf(from, to, false);

  function partsOf(start: number, end: number, inGroup: boolean): readonly Part[] {
    const parts: Part[] = [];
    for (let at = start; at < end; ) {
      const group = readGroup(word, at, end);
      if (group === 'open') {
        for (const char of word.slice(at, end)) addText(parts, char);
        break;
      }
      if ((group || (inGroup && '*?['.includes(word[at] ?? '/'))) && ++inGroups > MAX_IN_GROUPS) {
        throw new GlobFault(`at most ${MAX_IN_GROUPS} groups such as "+(…)" and wildcards in them for one name`, at);
      }
      const bracket = word[at] === '[' ? readBracket(word, at, end) : null;
      if (group) {
        const options = group.options.map(([first, last]) => partsOf(first, last, true));
        parts.push({ kind: 'group', mode: word[at] ?? '', options });
        at = group.end;
      } else if (bracket) {
        parts.push({ kind: 'one', accepts: bracket.accepts });
        at = bracket.end;
      } else if (word[at] === '*') {
        if (parts.at(-1)?.kind !== 'star') parts.push({ kind: 'star' });
        at++;
      } else if (word[at] === '?') {
        parts.push({ kind: 'one', accepts: () => true });
        at++;
      } else {
        if (word[at] === '\\' && at + 1 < end) at++;
        const char = String.fromCodePoint(word.codePointAt(at) ?? 0);
        addText(parts, char);
        at += char.length;
      }
    }
    return parts;
  }
}

function addText(parts: Part[], char: string): void {
  const last = parts.at(-1);
  if (last?.kind === 'text') last.text.push(char);
  else parts.push({ kind: 'text', text: [char] });
}

/**
 * Reads the group, such as `@(a|b)`, at `at`: its end and the ranges of its options; `open` if it is not closed, null
 * if there is none.
 */
export function readGroup(
  word: string,
  at: number,
  to: number,
): { readonly end: number; readonly options: readonly (readonly [number, number])[] } | 'open' | null {
  if (word[at + 1] !== '(' || at + 1 >= to || !'?*+@!'.includes(word[at] ?? '/')) return null;
  const options: [number, number][] = [];
  let level = 0;
  let from = at + 2;
  for (let next = from; next < to; next++) {
    const char = word[next];
    if (char === '\\') next++;
    else if (char === '[') next = (readBracket(word, next, to)?.end ?? to) - 1;
    else if (char === '(') level++;
    else if (char === '|' && level === 0) {
      options.push([from, next]);
      from = next + 1;
    } else if (char === ')' && level-- === 0) {
      options.push([from, next]);
      return { end: next + 1, options };
    }
  }
  return 'open';
}
