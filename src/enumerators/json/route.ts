import { didYouMean } from '../../domain/nearest.ts';

export type ValueKind = 'array' | 'object' | 'scalar' | 'null';

/** A step of a path for every value of an array or object. */
export const EVERY = Symbol('every value');
/** A step of a path: a key of an object or a position in an array, or every value of either. */
export type Step = string | typeof EVERY;

/** Follows the way to the values of arrays and objects through JSON texts. Depth = open containers; answers of text are problems. */
export interface JsonRoute {
  /** Whether the values at this depth are the wanted ones. */
  takesValues(depth: number): boolean;
  /** Whether the keys at this depth decide about the way, or name what is wanted. */
  wantsKey(depth: number): boolean;
  key(key: string): string | null;
  /** The key of the value that is wanted now; null where it stands in an array. */
  member(): string | null;
  startValue(depth: number, kind: ValueKind): string | null;
  close(depth: number): string | null;
}

/** What may be at the end of a way, and who is told where a value of an EVERY has nothing there. */
export interface RouteOptions {
  /** Whether the values may be those of an object, or only of an array. */
  readonly takesObjects: boolean;
  missed(message: string): void;
}

/** A container on the way: whether its step has been seen, its keys so far, how many values it had. */
interface Passed {
  seen: boolean;
  readonly keys: string[];
  values: number;
  readonly kind: ValueKind;
}

const KEYS_TOLD = 30;

/** No steps = the root holds the values. */
export function routeTo(path: readonly Step[], { takesObjects, missed }: RouteOptions): JsonRoute {
  /** Containers open on the way; the way goes on in the innermost of all that are open only while it is this deep. */
  let onWay = 0;
  /** Whether the value that comes next is the next step. */
  let isStep = true;
  let member: string | null = null;
  const passed: Passed[] = [];
  const arrived = () => onWay === path.length + 1;
  const name = (steps: number) => (steps === 0 ? 'the top' : JSON.stringify(joinPath(path.slice(0, steps))));
  const first = path.indexOf(EVERY);
  /** Behind an EVERY what is not there for one value may be there for others. */
  const mayMiss = (steps: number) => first >= 0 && steps > first;
  const missing = (steps: number, message: string): string | null => {
    if (!mayMiss(steps)) return message;
    missed(message);
    return null;
  };

  return {
    takesValues: (depth) => arrived() && depth === onWay,

    wantsKey: (depth) => depth === onWay,

    member: () => (passed[onWay - 1]?.kind === 'object' ? member : null),

    key(key) {
      const here = passed[onWay - 1];
      if (!here) return null;
      member = key;
      const step = path[onWay - 1];
      if (arrived() || step === EVERY) return null;
      isStep = key === step;
      if (here.keys.length < KEYS_TOLD) here.keys.push(key);
      if (isStep && here.seen) return `expected ${JSON.stringify(key)} once in ${name(onWay - 1)}, found it again`;
      here.seen ||= isStep;
      return null;
    },

    startValue(depth, kind) {
      if (depth !== onWay) return null;
      const here = passed[onWay - 1];
      if (here && path[onWay - 1] === EVERY) isStep = true;
      else if (here?.kind === 'array') {
        isStep = String(here.values++) === path[onWay - 1];
        here.seen ||= isStep;
      }
      if (!isStep) return null;
      isStep = false;
      const isLast = onWay === path.length;
      if (kind === 'array' || (kind === 'object' && (!isLast || takesObjects))) {
        passed.push({ seen: path[onWay] === EVERY, keys: [], values: 0, kind });
        onWay++;
        return null;
      }
      const wanted = isLast && !takesObjects ? 'an array' : 'an object or array';
      const found = kind === 'object' ? 'an object' : kind === 'null' ? 'null' : 'a single value';
      const message = `expected ${wanted} at ${name(onWay)}, found ${found}`;
      return kind === 'null' ? missing(onWay, message) : message;
    },

    close(depth) {
      if (depth !== onWay) return null;
      const here = passed.pop();
      onWay--;
      isStep = onWay === 0;
      const step = path[onWay];
      if (!here || typeof step !== 'string' || here.seen) return null;
      const found =
        here.kind === 'array' ? `${here.values} values` : here.keys.map((key) => JSON.stringify(key)).join(', ');
      const hint = didYouMeanStep(path, onWay, here.keys);
      return missing(onWay, `expected ${JSON.stringify(step)} in ${name(onWay)}, found ${found || 'nothing'}.${hint}`);
    },
  };
}

/** The steps of a path with dots; `\.` is a dot in a step, `\\` a backslash. */
export function splitPath(path: string): string[] {
  return rawSteps(path).map(unescaped);
}

/**
 * The steps of a path to items: as splitPath, but `*` and `[*]` are for every value, `name[0]` is the first one. The
 * values at its end are the items, so that an EVERY there says nothing.
 */
export function itemsPath(path: string): Step[] {
  const steps = rawSteps(path).flatMap((step): Step[] => {
    const [, name = step, brackets = ''] = /^((?:\\.|[^\\[])*)((?:\[(?:\*|\d+)\])+)$/s.exec(step) ?? [];
    const inside = brackets === '' ? [] : brackets.slice(1, -1).split('][');
    // Brackets alone are behind no name; a name may be empty.
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

/** ` Did you mean "x"?` for the step of a path that is no key here: a key with dots that were not escaped, or one like it. */
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

/** A path as it is written. */
export function joinPath(steps: readonly Step[]): string {
  const names = steps.map((step) => (step === EVERY ? '[*]' : step.replace(/[.\\[]|^\*$/g, '\\$&')));
  return names.join('.').replaceAll('.[*]', '[*]');
}
