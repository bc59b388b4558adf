import { readBracket } from './bracket.ts';
import { GlobFault } from './fault.ts';

/** One part of the pattern of a name; text is a list of characters (code points). */
export type Part =
  | { readonly kind: 'text'; readonly text: string[] }
  | { readonly kind: 'one'; accepts(char: string): boolean }
  | { readonly kind: 'star' }
  | Group;

/** One (`@`), at most one (`?`), any number (`*`), at least one (`+`) or none (`!`) of the options. */
export interface Group {
  readonly kind: 'group';
  readonly mode: string;
  readonly options: readonly (readonly Part[])[];
}

/** Groups and wildcards in groups of one name: they bound the time that it takes, 0.2 s at worst for one of 255 characters. */
const MAX_IN_GROUPS = 50;

/**
 * Reads the pattern of one name, which is `word` from `from` to `to`, by the rules of bash 5 with extglob: a bracket that is
 * not closed is text, and so is everything from a group on that is not closed. GlobFault for what is not supported.
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
 * The group, such as `@(a|b)`, that begins at `at`: where it ends and from where to where its options go; `open` when it is
 * never closed, null when none begins here.
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
