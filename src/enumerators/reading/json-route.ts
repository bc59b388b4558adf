import { didYouMean } from '../../domain/nearest.ts';

export type ValueKind = 'array' | 'object' | 'scalar';

/** Follows the way to one array through a JSON text. Depth = open containers; answers of text are problems. */
export interface JsonRoute {
  /** Whether the values at this depth are the wanted ones. */
  takesValues(depth: number): boolean;
  /** Whether the keys at this depth decide about the way. */
  wantsKey(depth: number): boolean;
  key(key: string): string | null;
  startValue(depth: number, kind: ValueKind): string | null;
  close(depth: number): string | null;
}

const KEYS_TOLD = 30;

/** A step of a path is a key of an object or a position in an array; no steps = the root is the array. */
export function routeTo(path: readonly string[]): JsonRoute {
  /** Containers open on the way; the way goes on in the innermost of all that are open only while it is this deep. */
  let onWay = 0;
  /** Whether the value that comes next is the next step. */
  let isStep = true;
  /** For each container on the way: whether its step has been seen, its keys so far, how many values it had. */
  const passed: { seen: boolean; readonly keys: string[]; values: number; readonly kind: ValueKind }[] = [];
  const arrived = () => onWay === path.length + 1;
  const name = (steps: number) => (steps === 0 ? 'the top' : JSON.stringify(joinPath(path.slice(0, steps))));

  return {
    takesValues: (depth) => arrived() && depth === onWay,

    wantsKey: (depth) => depth === onWay && !arrived(),

    key(key) {
      const here = passed[onWay - 1];
      if (!here) return null;
      isStep = key === path[onWay - 1];
      if (here.keys.length < KEYS_TOLD) here.keys.push(key);
      if (isStep && here.seen) return `expected ${JSON.stringify(key)} once in ${name(onWay - 1)}, found it again`;
      here.seen ||= isStep;
      return null;
    },

    startValue(depth, kind) {
      if (depth !== onWay) return null;
      const here = passed[onWay - 1];
      if (here?.kind === 'array') {
        isStep = String(here.values++) === path[onWay - 1];
        here.seen ||= isStep;
      }
      if (!isStep) return null;
      isStep = false;
      const wanted = onWay === path.length ? 'an array' : 'an object or array';
      if (kind === 'scalar' || (onWay === path.length && kind !== 'array')) {
        return `expected ${wanted} at ${name(onWay)}, found ${kind === 'scalar' ? 'a single value' : `an ${kind}`}`;
      }
      passed.push({ seen: false, keys: [], values: 0, kind });
      onWay++;
      return null;
    },

    close(depth) {
      if (depth !== onWay) return null;
      const here = passed.pop();
      onWay--;
      const missed = path[onWay];
      if (!here || missed === undefined || here.seen) return null;
      const found =
        here.kind === 'array' ? `${here.values} values` : here.keys.map((key) => JSON.stringify(key)).join(', ');
      return `expected ${JSON.stringify(missed)} in ${name(onWay)}, found ${found || 'nothing'}.${didYouMeanStep(path, onWay, here.keys)}`;
    },
  };
}

/** The steps of a path with dots; `\.` is a dot in a step, `\\` a backslash. */
export function splitPath(path: string): string[] {
  const steps = path.match(/(?:\\.|[^.\\])+|(?<=^|\.)(?=\.|$)|\\$/gs) ?? [];
  return steps.map((step) => step.replace(/\\(.)/gs, '$1'));
}

/** ` Did you mean "x"?` for the step of a path that is no key here: a key with dots that were not escaped, or one like it. */
export function didYouMeanStep(path: readonly string[], at: number, keys: readonly string[]): string {
  for (let end = path.length; end > at + 1; end--) {
    const key = path.slice(at, end).join('.');
    if (!keys.includes(key)) continue;
    return ` Did you mean ${JSON.stringify(joinPath([...path.slice(0, at), key, ...path.slice(end)]))}?`;
  }
  return didYouMean(path[at] ?? '', keys);
}

function joinPath(steps: readonly string[]): string {
  return steps.map((step) => step.replace(/[.\\]/g, '\\$&')).join('.');
}
