import { joinPath } from './route.ts';

/** A list in a JSON text, or an object whose members are alike and so may be items. */
export interface Collection {
  /** Path in the syntax of items_path; `*` = the top. */
  readonly path: string;
  readonly kind: 'list' | 'members';
}

/** An array or object of the text. */
interface Container {
  readonly kind: 'array' | 'object';
  /** Keys from the root; null below an array. */
  readonly path: readonly string[] | null;
  /** First keys of an object. */
  readonly keys: string[];
  values: number;
  /** First objects among its values, and their number. */
  readonly objects: Container[];
  objectCount: number;
}

const TOKEN = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]|[^\s{}[\],:"]+/gs;
/** Deeper collections are not suggested. */
const MAX_LIST_DEPTH = 4;
const OBJECTS_COMPARED = 3;
const KEYS_COMPARED = 50;

/**
 * Finds collections of possible items in the beginning of the first JSON text, nearest to the top first. Does not check
 * the grammar.
 */
export function collectionsIn(text: string): readonly Collection[] {
  const all = containersIn(text).filter(({ path }) => path !== null && path.length <= MAX_LIST_DEPTH);
  const found: { readonly path: readonly string[]; readonly kind: Collection['kind'] }[] = [];
  for (const container of all.toSorted((a, b) => (a.path?.length ?? 0) - (b.path?.length ?? 0))) {
    const path = container.path ?? [];
    if (found.some((above) => above.kind === 'members' && above.path.every((key, at) => key === path[at]))) continue;
    if (container.kind === 'array') found.push({ path, kind: 'list' });
    else if (areAlike(container)) found.push({ path, kind: 'members' });
  }
  return found.map(({ path, kind }) => ({ path: path.length === 0 ? '*' : joinPath(path), kind }));
}

function containersIn(text: string): readonly Container[] {
  const all: Container[] = [];
  const open: Container[] = [];
  let key = '';
  for (const [token, colon] of text.matchAll(TOKEN)) {
    const parent = open.at(-1);
    if (colon !== undefined) {
      const text = keyOf(token.slice(0, -colon.length));
      if (text === null) break;
      key = text;
      if (parent && parent.keys.length < KEYS_COMPARED) parent.keys.push(key);
      continue;
    }
    if (token === '}' || token === ']') {
      open.pop();
      if (open.length === 0) break;
      continue;
    }
    if (parent) parent.values++;
    if (token !== '{' && token !== '[') continue;
    const path = parent === undefined ? [] : parent.kind === 'array' || !parent.path ? null : [...parent.path, key];
    const kind = token === '{' ? 'object' : 'array';
    const container: Container = { kind, path, keys: [], values: 0, objects: [], objectCount: 0 };
    if (parent && kind === 'object' && ++parent.objectCount <= OBJECTS_COMPARED) parent.objects.push(container);
    if (path !== null) all.push(container);
    open.push(container);
  }
  return all;
}

/** Parses a key; null if it is not JSON. */
function keyOf(token: string): string | null {
  try {
    return JSON.parse(token) as string;
  } catch {
    return null;
  }
}

/** Checks whether all values of an object are objects with similar keys. */
function areAlike({ values, objects, objectCount }: Container): boolean {
  const [first, ...others] = objects;
  if (!first || others.length === 0 || objectCount < values) return false;
  const wanted = new Set(first.keys);
  return others.every(({ keys }) => {
    const shared = keys.filter((key) => wanted.has(key)).length;
    return 2 * shared >= Math.max(wanted.size, keys.length);
  });
}
