/** Any JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
/** A JSON object: the shape of payloads, configs and schemas. */
export type JsonObject = { readonly [key: string]: Json };

/** Whether a value is an array. `Array.isArray` would forget what is in it. */
export function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** Levels of nesting that everything here can follow. JSON.parse takes any number, JSON.stringify breaks at some thousands. */
export const MAX_DEPTH = 500;

/** Whether a value that was parsed is nested deeper than MAX_DEPTH. Goes level by level, so that no depth breaks it. */
export function isTooDeep(value: Json): boolean {
  let level: readonly Json[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return true;
    level = level.flatMap((inner) => (typeof inner === 'object' && inner !== null ? Object.values(inner) : []));
  }
  return false;
}
