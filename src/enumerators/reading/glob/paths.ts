import { expandBraces } from './braces.ts';
import { GlobFault } from './fault.ts';
import { compileName, type NameMatcher } from './match.ts';
import { parseName, readGroup } from './name.ts';

/** One step of a path pattern: a literal name, a name pattern, or `**` (any number of directories). */
export type Step = '**' | { readonly literal: string } | { readonly matches: NameMatcher };

/** Longer words cannot be paths: Linux limits them to 4,096 bytes. */
export const MAX_WORD = 4096;
const MAX_GLOB = 65_536;
/** Characters of a word shown in a message. */
const SHOWN = 80;

/**
 * Parses a glob to path patterns, one for each word of its braces. Drops doubled slashes and `.` steps. Throws
 * GlobFault if it leaves the directory, ends with a slash or is not supported.
 */
export function parseGlob(glob: string): readonly (readonly Step[])[] {
  if (glob.length > MAX_GLOB) throw new GlobFault(`at most ${MAX_GLOB} characters, found ${glob.length}`);
  const words = expandBraces(glob).filter((word) => word !== '');
  if (words.length === 0) throw new GlobFault('it matches no name at all');
  return words.map((word) => {
    try {
      return parseWord(word);
    } catch (error) {
      if (!(error instanceof GlobFault) || error.at === undefined) throw error;
      throw new GlobFault(`${error.message}; at character ${error.at + 1} of "${word.slice(0, SHOWN)}"`);
    }
  });
}

function parseWord(word: string): readonly Step[] {
  if (word.length > MAX_WORD) throw new GlobFault(`at most ${MAX_WORD} characters in a path, found ${word.length}`);
  if (word.includes('\0')) throw new GlobFault('a name cannot contain a NUL character', word.indexOf('\0'));
  if (word.startsWith('/')) throw new GlobFault('it is absolute: write it relative to base_directory', 0);
  if (word === '~' || word.startsWith('~/')) {
    throw new GlobFault(
      '"~" is not expanded here: write the home directory in base_directory, or "\\~" for the name',
      0,
    );
  }
  const ranges = stepsOf(word);
  const steps: Step[] = startsBelow(ranges.map(([from, to]) => word.slice(from, to))) ? [ANY_NAME] : [];
  for (const [at, [start, end]] of ranges.entries()) {
    const step = parseStep(word, start, end);
    if (step === null && at === ranges.length - 1) {
      throw new GlobFault(`it ends with a directory, and items are files: write "${word.slice(0, start)}**"`, start);
    }
    if (step !== null && !(step === '**' && steps.at(-1) === '**')) steps.push(step);
  }
  return steps;
}

const ANY_NAME: Step = { matches: compileName([{ kind: 'star' }]) };

/** Checks whether a word begins with `**` and several slashes: for bash that is at least one directory. */
function startsBelow(names: readonly string[]): boolean {
  let isDoubled = false;
  for (const name of names) {
    if (name !== '' && name !== '**') return isDoubled;
    isDoubled = name === '';
  }
  return false;
}

/** Ranges of the names in a word: slashes separate them, escaped ones too, but not inside a group. */
function stepsOf(word: string): readonly (readonly [number, number])[] {
  const steps: [number, number][] = [];
  let from = 0;
  for (let at = 0; at < word.length; at++) {
    const group = readGroup(word, at, word.length);
    if (group !== null && group !== 'open') {
      const slash = word.slice(at, group.end).indexOf('/');
      if (slash >= 0)
        throw new GlobFault(
          'a group matches one name and cannot contain "/": write braces such as "{a/b,c}"',
          at + slash,
        );
      at = group.end - 1;
    } else if (word[at] === '/' || word.startsWith('\\/', at)) {
      steps.push([from, at]);
      if (word[at] !== '/') at++;
      from = at + 1;
    } else if (word[at] === '\\') at++;
  }
  return [...steps, [from, word.length]];
}

/** Parses one step; null if it has no effect. */
function parseStep(word: string, from: number, to: number): Step | null {
  if (word.slice(from, to) === '**') return '**';
  const parts = parseName(word, from, to);
  const [part] = parts;
  if (part === undefined) return null;
  if (parts.length > 1 || part.kind !== 'text') return { matches: compileName(parts) };
  const literal = part.text.join('');
  if (literal === '..') throw new GlobFault('".." leaves the directory: write base_directory accordingly', from);
  return literal === '.' ? null : { literal };
}
