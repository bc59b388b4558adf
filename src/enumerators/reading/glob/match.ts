import type { Group, Part } from './name.ts';

/** Checks whether one name matches; with `dot`, wildcards also match a leading dot. */
export type NameMatcher = (name: string, dot: boolean) => boolean;

/**
 * Compiles a name pattern to a matcher with bounded time. For groups, all positions at which a part can end are found
 * at once, so that nothing is tried twice: at worst n² steps for each part in a group, n = length of the name.
 */
export function compileName(parts: readonly Part[]): NameMatcher {
  const first = parts[0]?.kind === 'text' ? parts[0].text.join('') : '';
  const rest = parts.slice(first === '' ? 0 : 1);
  const end = rest.at(-1);
  const last = end?.kind === 'text' ? end.text.join('') : '';
  const middle = last === '' ? rest : rest.slice(0, -1);
  const wildcards = wildcardsOf(middle);
  return (name, dot) => {
    const to = name.length - last.length;
    if (to < first.length || !name.startsWith(first) || !name.endsWith(last)) return false;
    // Only a literal dot matches a leading dot: there, no wildcard matches even nothing.
    const guarded = !dot && first === '' && name.startsWith('.');
    if (middle.length === 0) return to === first.length;
    if (guarded && wildcards) return false;
    const text = name.slice(first.length, to);
    const chars = /[\uD800-\uDFFF]/.test(text) ? Array.from(text) : text;
    if (wildcards) return matchesWildcards(wildcards, chars);
    return endsOf(middle, [0], { chars, guarded, found: new Map() }).includes(chars.length);
  };
}

/** One element of a pattern without groups: a literal character, a bracket expression, or a star (null). */
type Wildcard = string | ((char: string) => boolean) | null;

/** Flattens a pattern to one element per character; null if it has groups. */
function wildcardsOf(parts: readonly Part[]): readonly Wildcard[] | null {
  const list: Wildcard[] = [];
  for (const part of parts) {
    if (part.kind === 'group') return null;
    if (part.kind === 'text') list.push(...part.text);
    else list.push(part.kind === 'star' ? null : part.accepts);
  }
  return list;
}

/** Without groups only the last star must backtrack: at most name length × pattern length steps. */
function matchesWildcards(wildcards: readonly Wildcard[], chars: ArrayLike<string>): boolean {
  let next = 0;
  let afterStar = -1;
  let starEnd = 0;
  for (let at = 0; at < chars.length; ) {
    const wildcard = wildcards[next];
    const char = chars[at] ?? '';
    if (wildcard === null) {
      if (next === wildcards.length - 1) return true;
      afterStar = ++next;
      starEnd = at;
    } else if (wildcard === char || (typeof wildcard === 'function' && wildcard(char))) {
      next++;
      at++;
    } else if (afterStar >= 0) {
      next = afterStar;
      at = ++starEnd;
    } else return false;
  }
  return next === wildcards.length || (next === wildcards.length - 1 && wildcards[next] === null);
}

/** The name being matched. */
interface Subject {
  readonly chars: ArrayLike<string>;
  readonly guarded: boolean;
  /** Cached end positions of one round of a group, by start position. */
  readonly found: Map<Group, (readonly number[] | undefined)[]>;
}

/** Positions, ascending, at which the parts can end if they start at one of `starts`. */
function endsOf(parts: readonly Part[], starts: readonly number[], subject: Subject): readonly number[] {
  let places = starts;
  for (const part of parts) {
    if (places.length === 0) break;
    places = endsOfPart(part, places, subject);
  }
  return places;
}

function endsOfPart(part: Part, starts: readonly number[], subject: Subject): readonly number[] {
  const { chars, guarded } = subject;
  const free = guarded && starts[0] === 0 ? starts.slice(1) : starts;
  switch (part.kind) {
    case 'text':
      return starts
        .filter((at) => part.text.every((char, k) => chars[at + k] === char))
        .map((at) => at + part.text.length);
    case 'one':
      return free.filter((at) => at < chars.length && part.accepts(chars[at] ?? '')).map((at) => at + 1);
    case 'star':
      return free[0] === undefined ? [] : upTo(free[0], chars.length);
    case 'group':
      return part.mode === '!' ? endsOfNone(part, free, subject) : endsOfGroup(part, starts, subject);
  }
}

/** `!(…)`: every end position that no option reaches from the same start. */
function endsOfNone(group: Group, starts: readonly number[], subject: Subject): readonly number[] {
  const reached = new Uint8Array(subject.chars.length + 1);
  for (const start of starts) {
    const taken = new Set(oneRound(group, start, subject));
    for (let end = start; end < reached.length; end++) if (!taken.has(end)) reached[end] = 1;
  }
  return marked(reached);
}

function endsOfGroup(group: Group, starts: readonly number[], subject: Subject): readonly number[] {
  const repeats = group.mode === '*' || group.mode === '+';
  const reached = new Uint8Array(subject.chars.length + 1);
  const pending = [...starts];
  let open = reached.length - (starts[0] ?? 0);
  for (const start of pending) {
    if (open === 0) break;
    for (const end of oneRound(group, start, subject)) {
      if (reached[end] === 1) continue;
      reached[end] = 1;
      open--;
      if (repeats) pending.push(end);
    }
  }
  if (group.mode === '?' || group.mode === '*') for (const start of starts) reached[start] = 1;
  return marked(reached);
}

/** End positions of one option that starts here; computed once per name. */
function oneRound(group: Group, start: number, subject: Subject): readonly number[] {
  const known = subject.found.get(group) ?? [];
  subject.found.set(group, known);
  const ends = known[start] ?? findRound(group, start, subject);
  known[start] = ends;
  return ends;
}

function findRound(group: Group, start: number, subject: Subject): readonly number[] {
  const reached = new Uint8Array(subject.chars.length + 1);
  for (const option of group.options) for (const end of endsOf(option, [start], subject)) reached[end] = 1;
  return marked(reached);
}

function upTo(from: number, to: number): readonly number[] {
  const places: number[] = [];
  for (let at = from; at <= to; at++) places.push(at);
  return places;
}

function marked(places: Uint8Array): readonly number[] {
  const found: number[] = [];
  for (let at = 0; at < places.length; at++) if (places[at] === 1) found.push(at);
  return found;
}
