/** Any JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
/** A JSON object: the shape of payloads, configs and schemas. */
export type JsonObject = { readonly [key: string]: Json };
