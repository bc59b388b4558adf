/** Any JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
/** A JSON object: the shape of payloads, configs and schemas. */
export type JsonObject = { readonly [key: string]: Json };

/** Tells whether a value is an array; `Array.isArray` would lose the element type. */
export function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** Deepest nesting that ABP accepts. JSON.parse takes any depth, JSON.stringify fails at some thousands. */
export const MAX_DEPTH = 500;

/** Tells whether a parsed value is nested deeper than MAX_DEPTH. Goes level by level, without recursion. */
export function isTooDeep(value: Json): boolean {
  let level: readonly Json[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return true;
    level = level.flatMap((inner) => (typeof inner === 'object' && inner !== null ? Object.values(inner) : []));
  }
  return false;
}
