import { isArray, type Json, type JsonObject } from './json.ts';

/** Keywords that apply a schema to the same value as the schema around it. */
const IN_PLACE: ReadonlySet<string> = new Set(['not', 'if', 'then', 'else']);
const IN_PLACE_LISTS: ReadonlySet<string> = new Set(['allOf', 'anyOf', 'oneOf']);
const IN_PLACE_BY_NAME: ReadonlySet<string> = new Set(['dependentSchemas', 'dependencies']);
/** Reference keywords. A dynamic reference is followed to what it names in this document. */
const REFERENCES: ReadonlySet<string> = new Set(['$ref', '$dynamicRef', '$recursiveRef']);

/**
 * Returns the first reference that leads back to itself without entering a property or an item, so that validation
 * would never end; null = none. References into other documents are not followed.
 */
export function endlessReference(root: JsonObject): string | null {
  const documents = documentsOf(root);
  /** `true` = being followed, `false` = followed to its end. */
  const open = new Map<Json, boolean>();
  const follow = (schema: Json, base: string): string | null => {
    if (!isObject(schema) || open.get(schema) === false) return null;
    open.set(schema, true);
    const here = identifierOf(schema, base);
    for (const { to, by } of steps(schema, here, documents)) {
      if (!to) continue;
      if (open.get(to.schema) === true) return by;
      const endless = follow(to.schema, to.base);
      if (endless !== null) return endless || by;
    }
    open.set(schema, false);
    return null;
  };
  for (const { schema, base } of documents.schemas) {
    const endless = follow(schema, base);
    if (endless !== null) return endless;
  }
  return null;
}

/**
 * Returns the first reference to a member with an empty name (`#/` by RFC 6901), which Ajv takes for the whole schema;
 * null = none.
 */
export function misreadReference(root: JsonObject): string | null {
  for (const { schema } of documentsOf(root).schemas) {
    for (const [keyword, value] of Object.entries(schema as JsonObject)) {
      if (REFERENCES.has(keyword) && typeof value === 'string' && value.endsWith('#/')) return value;
    }
  }
  return null;
}

/** A schema with the base address of its relative references. */
interface Place {
  readonly schema: Json;
  readonly base: string;
}

/** Every object of a schema document (objects that are data do no harm), and those with an address of their own. */
interface Documents {
  readonly schemas: readonly Place[];
  readonly byAddress: ReadonlyMap<string, Place>;
}

const ROOT = 'abp:/schema';

function documentsOf(root: JsonObject): Documents {
  const schemas: Place[] = [];
  const byAddress = new Map<string, Place>([[ROOT, { schema: root, base: ROOT }]]);
  const visit = (value: Json, base: string) => {
    if (isArray(value)) for (const inner of value) visit(inner, base);
    if (!isObject(value)) return;
    const here = identifierOf(value, base);
    const place = { schema: value, base };
    schemas.push(place);
    if (here !== base || value === root) byAddress.set(here, place);
    for (const anchor of anchorsOf(value)) byAddress.set(`${here}#${anchor}`, place);
    for (const inner of Object.values(value)) visit(inner, here);
  };
  visit(root, ROOT);
  return { schemas, byAddress };
}

/** Lists the schemas that a schema applies to the same value, each with the reference that leads there. */
function steps(
  schema: JsonObject,
  base: string,
  documents: Documents,
): readonly { readonly to: Place | null; readonly by: string }[] {
  return Object.entries(schema).flatMap(([keyword, value]) => {
    if (REFERENCES.has(keyword) && typeof value === 'string')
      return [{ to: resolve(value, base, documents), by: value }];
    const inner: readonly Json[] = IN_PLACE.has(keyword)
      ? [value]
      : IN_PLACE_LISTS.has(keyword) && Array.isArray(value)
        ? value
        : IN_PLACE_BY_NAME.has(keyword) && isObject(value)
          ? Object.values(value)
          : [];
    return inner.map((each) => ({ to: { schema: each, base }, by: '' }));
  });
}

function resolve(reference: string, base: string, { byAddress }: Documents): Place | null {
  const [address = '', fragment = ''] = absolute(reference, base).split('#');
  const document = byAddress.get(address);
  if (!document) return null;
  if (fragment === '') return document;
  return fragment.startsWith('/') ? atPointer(document, fragment) : (byAddress.get(`${address}#${fragment}`) ?? null);
}

/** Resolves a JSON pointer (RFC 6901, as a fragment); null = it names nothing. */
function atPointer(document: Place, pointer: string): Place | null {
  let { schema, base } = document;
  for (const token of pointer.slice(1).split('/')) {
    if (isObject(schema)) base = identifierOf(schema, base);
    const name = decoded(token).replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof schema !== 'object' || schema === null || !Object.hasOwn(schema, name)) return null;
    schema = (schema as Readonly<Record<string, Json>>)[name] as Json;
  }
  return { schema, base };
}

function decoded(token: string): string {
  try {
    return decodeURIComponent(token);
  } catch {
    return token;
  }
}

/** Returns the address of a schema: its `$id` (draft 04: `id`) unless that is only an anchor. */
function identifierOf({ $id, id }: JsonObject, base: string): string {
  const own = typeof $id === 'string' ? $id : id;
  if (typeof own !== 'string' || own.startsWith('#')) return base;
  const [address = base] = absolute(own, base).split('#');
  return address;
}

function anchorsOf({ $anchor, $dynamicAnchor, $id, id }: JsonObject): readonly string[] {
  const old = [$id, id].flatMap((name) => (typeof name === 'string' && name.startsWith('#') ? [name.slice(1)] : []));
  return [...old, $anchor, $dynamicAnchor].filter((name) => typeof name === 'string');
}

function absolute(reference: string, base: string): string {
  // An invalid address still works as a name within its own schema.
  return URL.parse(reference, base)?.href ?? (reference.startsWith('#') ? base + reference : reference);
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
