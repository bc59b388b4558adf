import { type JsonRoute, routeTo, type Step, type ValueKind } from './json-route.ts';

/** Which values of JSON texts are wanted: those at the end of a route, or whole texts (ScanOptions.path). */
export function wantedValues(path: readonly Step[] | 'whole' | null, missed: (message: string) => void) {
  let texts = 0;
  let first: ValueKind = 'array';
  let route: JsonRoute | null =
    path === null ? null : routeTo(path === 'whole' ? [] : path, { takesObjects: path !== 'whole', missed });

  return {
    /** Null where whole texts are wanted, or nothing. */
    route: () => route,
    /** The first text tells what the others are. */
    startText(kind: ValueKind): void {
      if (++texts > 1 || path !== 'whole' || kind === 'array') return;
      first = kind;
      route = null;
    },
    takes: (depth: number) => (first === 'array' ? route?.takesValues(depth) === true : depth === 0),
    mayBeTheOnly: () => texts === 1 && first !== 'array',
    onlyText: () => `expected an array at the top, found ${first === 'object' ? 'an object' : 'a single value'}`,
  };
}
