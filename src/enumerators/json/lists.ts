import { joinPath } from './route.ts';

/** A list of a JSON text, or an object whose members are alike, and so may be items. */
export interface Collection {
  /** As items_path is written; `*`: at the top. */
  readonly path: string;
  readonly kind: 'list' | 'members';
}

/** A container that is open, or was. */
interface Container {
  readonly kind: 'array' | 'object';
  /** The keys that lead to it; null below an array. */
  readonly path: readonly string[] | null;
  /** Of an object: its own keys, the first ones. */
  readonly keys: string[];
  values: number;
  /** The objects among its values, the first ones; how many there are. */
  readonly objects: Container[];
  objectCount: number;
}

const TOKEN = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]|[^\s{}[\],:"]+/gs;
/** Deeper ones are told by nobody. */
const DEEPEST = 4;
const COMPARED = 3;
const KEYS_COMPARED = 50;

/** Where items may be in the beginning of the first JSON text: nearest to the top first. The grammar is not judged. */
export function collectionsIn(text: string): readonly Collection[] {
  const all = containersIn(text).filter(({ path }) => path !== null && path.length <= DEEPEST);
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
    if (parent && kind === 'object' && ++parent.objectCount <= COMPARED) parent.objects.push(container);
    if (path !== null) all.push(container);
    open.push(container);
  }
  return all;
}

/** Null: no JSON. */
function keyOf(token: string): string | null {
  try {
    return JSON.parse(token) as string;
  } catch {
    return null;
  }
}

/** Whether all values of an object are objects with about the same keys. */
function areAlike({ values, objects, objectCount }: Container): boolean {
  const [first, ...others] = objects;
  if (!first || others.length === 0 || objectCount < values) return false;
  const wanted = new Set(first.keys);
  return others.every(({ keys }) => {
    const shared = keys.filter((key) => wanted.has(key)).length;
    return 2 * shared >= Math.max(wanted.size, keys.length);
  });
}
