import { type JsonRoute, routeTo, type Step, type ValueKind } from './route.ts';

/**
 * Which values of JSON texts are wanted: those at the end of a route, or whole texts (ScanOptions.path). Without a path all
 * texts of a file are arrays, or there are several and all are objects: anything else is more likely damage.
 */
export function wantedValues(path: readonly Step[] | 'whole' | null, missed: (message: string) => void) {
  let texts = 0;
  let areItems = false;
  let route: JsonRoute | null =
    path === null ? null : routeTo(path === 'whole' ? [] : path, { takesObjects: path !== 'whole', missed });

  return {
    /** Null where whole texts are wanted, or nothing. */
    route: () => route,
    /** The first text tells what the others are; an answer is a problem. */
    startText(kind: ValueKind): string | null {
      if (++texts === 1 && path === 'whole' && kind === 'object') {
        areItems = true;
        route = null;
      }
      const wanted = areItems ? 'object' : 'array';
      return path !== 'whole' || texts === 1 || kind === wanted ? null : mixed(wanted, kind);
    },
    /** Whether the texts themselves are wanted. */
    areTexts: () => areItems,
    /** Whether the first text is an object and no other has come: the only one is no item. */
    mayBeTheOnly: () => areItems && texts === 1,
  };
}

/** What is wrong with a text that is not of the kind of those before. */
export function mixed(wanted: ValueKind, found: ValueKind): string {
  return `expected ${KINDS[wanted]}, as the texts before, found ${KINDS[found]}`;
}

const KINDS: Readonly<Record<ValueKind, string>> = {
  array: 'an array',
  object: 'an object',
  scalar: 'a single value',
  null: 'null',
};
