import { didYouMean } from '../../domain/nearest.ts';

export type ValueKind = 'array' | 'object' | 'scalar' | 'null';

/** A path step that selects every value of an array or object. */
export const EVERY = Symbol('every value');
/** A path step: a key of an object, an index of an array, or every value of either. */
export type Step = string | typeof EVERY;

/** Follows a path through streamed JSON. Depth = open containers; returned strings are problems. */
export interface JsonRoute {
  /** Checks whether the values at this depth are selected. */
  takesValues(depth: number): boolean;
  /** Checks whether the keys at this depth are needed, for the path or as member names. */
  wantsKey(depth: number): boolean;
  key(key: string): string | null;
  /** Key of the selected value; null if it is in an array. */
  member(): string | null;
  startValue(depth: number, kind: ValueKind): string | null;
  close(depth: number): string | null;
}

/** Options of a route; `missed` receives each value of an EVERY that lacks the rest of the path. */
export interface RouteOptions {
  /** True if the path may end at an object, or only at an array. */
  readonly takesObjects: boolean;
  missed(message: string): void;
}

/** A container on the path: whether its step was found, its first keys, the values counted. */
interface PathContainer {
  seen: boolean;
  readonly keys: string[];
  values: number;
  readonly kind: ValueKind;
}

const MAX_KEYS_SHOWN = 30;

/** Creates the route for a path; without steps the root holds the values. */
export function routeTo(path: readonly Step[], { takesObjects, missed }: RouteOptions): JsonRoute {
  /** Open containers on the path; the path continues in the innermost open container only at this depth. */
  let pathDepth = 0;
  /** True if the next value is the next step. */
  let isStep = true;
  let member: string | null = null;
  const open: PathContainer[] = [];
  const arrived = () => pathDepth === path.length + 1;
  const name = (steps: number) => (steps === 0 ? 'the top' : JSON.stringify(joinPath(path.slice(0, steps))));
  const first = path.indexOf(EVERY);
  /** After an EVERY, what one value lacks others may have. */
  const mayMiss = (steps: number) => first >= 0 && steps > first;
  const missing = (steps: number, message: string): string | null => {
    if (!mayMiss(steps)) return message;
    missed(message);
    return null;
  };

  return {
    takesValues: (depth) => arrived() && depth === pathDepth,

    wantsKey: (depth) => depth === pathDepth,

    member: () => (open[pathDepth - 1]?.kind === 'object' ? member : null),

    key(key) {
      const here = open[pathDepth - 1];
      if (!here) return null;
      member = key;
      const step = path[pathDepth - 1];
      if (arrived() || step === EVERY) return null;
      isStep = key === step;
      if (here.keys.length < MAX_KEYS_SHOWN) here.keys.push(key);
      if (isStep && here.seen) return `expected ${JSON.stringify(key)} once in ${name(pathDepth - 1)}, found it again`;
      here.seen ||= isStep;
      return null;
    },

    startValue(depth, kind) {
      if (depth !== pathDepth) return null;
      const here = open[pathDepth - 1];
      if (here && path[pathDepth - 1] === EVERY) isStep = true;
      else if (here?.kind === 'array') {
        isStep = String(here.values++) === path[pathDepth - 1];
        here.seen ||= isStep;
      }
      if (!isStep) return null;
      isStep = false;
      const isLast = pathDepth === path.length;
      if (kind === 'array' || (kind === 'object' && (!isLast || takesObjects))) {
        open.push({ seen: path[pathDepth] === EVERY, keys: [], values: 0, kind });
        pathDepth++;
        return null;
      }
      const wanted = isLast && !takesObjects ? 'an array' : 'an object or array';
      const found = kind === 'object' ? 'an object' : kind === 'null' ? 'null' : 'a single value';
      const message = `expected ${wanted} at ${name(pathDepth)}, found ${found}`;
      return kind === 'null' ? missing(pathDepth, message) : message;
    },

    close(depth) {
      if (depth !== pathDepth) return null;
      const here = open.pop();
      pathDepth--;
      isStep = pathDepth === 0;
      const step = path[pathDepth];
      if (!here || typeof step !== 'string' || here.seen) return null;
      const found =
        here.kind === 'array' ? `${here.values} values` : here.keys.map((key) => JSON.stringify(key)).join(', ');
      const hint = didYouMeanStep(path, pathDepth, here.keys);
      return missing(
        pathDepth,
        `expected ${JSON.stringify(step)} in ${name(pathDepth)}, found ${found || 'nothing'}.${hint}`,
      );
    },
  };
}

/** Splits a dotted path; `\.` is a dot in a step, `\\` a backslash. */
export function splitPath(path: string): string[] {
  return rawSteps(path).map(unescaped);
}

/**
 * Splits items_path: as splitPath, but `*` and `[*]` select every value and `name[0]` the first one. A final EVERY is
 * dropped: the values there are the items anyway.
 */
export function itemsPath(path: string): Step[] {
  const steps = rawSteps(path).flatMap((step): Step[] => {
    const [, name = step, brackets = ''] = /^((?:\\.|[^\\[])*)((?:\[(?:\*|\d+)\])+)$/s.exec(step) ?? [];
    const inside = brackets === '' ? [] : brackets.slice(1, -1).split('][');
    // Brackets alone follow no name; a name may be empty.
    const names: Step[] = name === '' && brackets !== '' ? [] : [name === '*' ? EVERY : unescaped(name)];
    return [...names, ...inside.map((text) => (text === '*' ? EVERY : text))];
  });
  return steps.at(-1) === EVERY ? steps.slice(0, -1) : steps;
}

function rawSteps(path: string): readonly string[] {
  return path.match(/(?:\\.|[^.\\])+|(?<=^|\.)(?=\.|$)|\\$/gs) ?? [];
}

function unescaped(step: string): string {
  return step.replace(/\\(.)/gs, '$1');
}

/** ` Did you mean "x"?` for a step that is not among the keys: a key with unescaped dots, or a similar one. */
export function didYouMeanStep(path: readonly Step[], at: number, keys: readonly string[]): string {
  for (let end = path.length; end > at + 1; end--) {
    const names = path.slice(at, end);
    if (names.includes(EVERY)) continue;
    const key = names.join('.');
    if (!keys.includes(key)) continue;
    return ` Did you mean ${JSON.stringify(joinPath([...path.slice(0, at), key, ...path.slice(end)]))}?`;
  }
  const step = path[at];
  return typeof step === 'string' ? didYouMean(step, keys) : '';
}

/** Joins steps to a path in the syntax of items_path. */
export function joinPath(steps: readonly Step[]): string {
  const names = steps.map((step) => (step === EVERY ? '[*]' : step.replace(/[.\\[]|^\*$/g, '\\$&')));
  return names.join('.').replaceAll('.[*]', '[*]');
}
