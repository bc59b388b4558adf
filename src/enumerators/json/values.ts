import { type JsonRoute, routeTo, type Step, type ValueKind } from './route.ts';

/**
 * Tracks which values of JSON texts are selected: those at the end of a route, or whole texts (ScanOptions.path).
 * Without a path, all texts of a file must be arrays, or several texts objects; a mix is more likely damage.
 */
export function wantedValues(path: readonly Step[] | 'whole' | null, missed: (message: string) => void) {
  let texts = 0;
  let areItems = false;
  let route: JsonRoute | null =
    path === null ? null : routeTo(path === 'whole' ? [] : path, { takesObjects: path !== 'whole', missed });

  return {
    /** Null if whole texts are selected, or nothing. */
    route: () => route,
    /** Starts a text; the first one decides the kind of all. Returns a problem or null. */
    startText(kind: ValueKind): string | null {
      if (++texts === 1 && path === 'whole' && kind === 'object') {
        areItems = true;
        route = null;
      }
      const wanted = areItems ? 'object' : 'array';
      return path !== 'whole' || texts === 1 || kind === wanted ? null : mixedKinds(wanted, kind);
    },
    /** Checks whether the texts themselves are selected. */
    areTexts: () => areItems,
    /** Checks whether the only text so far is an object: a single one is not an item. */
    mayBeTheOnly: () => areItems && texts === 1,
  };
}

/** Describes a text of another kind than those before. */
export function mixedKinds(wanted: ValueKind, found: ValueKind): string {
  return `expected ${KINDS[wanted]}, as the texts before, found ${KINDS[found]}`;
}

const KINDS: Readonly<Record<ValueKind, string>> = {
  array: 'an array',
  object: 'an object',
  scalar: 'a single value',
  null: 'null',
};
