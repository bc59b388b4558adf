import type { Context } from 'hono';
import { z } from 'zod';
import type { Awaitable } from '../domain/awaitable.ts';
import { AbpError } from '../domain/error.ts';
import { parseWith } from '../domain/validate.ts';
import { pathFields, type Route } from './endpoints.ts';
import { HttpRefusal } from './problem.ts';

/** Deeper than any real config or schema; later code recurses through JSON safely. */
const MAX_DEPTH = 100;

/** The part of a JSON Schema that decides how text is converted. */
interface FieldSchema {
  readonly type?: string;
  readonly items?: FieldSchema;
  readonly anyOf?: readonly FieldSchema[];
}

/** Converts a request into the input of its operation, which validates it. Throws AbpError, HttpRefusal. */
export type ReadInput = (c: Context) => Awaitable<Record<string, unknown>>;

/** Makes the reader of a route; the types of the schema turn texts of path and query into numbers, booleans and lists. */
export function inputReader({ method, path }: Route, input: z.ZodType): ReadInput {
  const inPath = pathFields(path);
  const schema = z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' });
  const fields = (schema.properties ?? {}) as Readonly<Record<string, FieldSchema>>;
  const fromPath = (c: Context) =>
    Object.fromEntries(inPath.map((name) => [name, fromText(c.req.param(name) ?? '', fields[name])]));
  if (method === 'get') return (c) => ({ ...fromQuery(c.req.queries(), fields), ...fromPath(c) });
  return async (c) => {
    const body = await jsonBody(c);
    const twice = inPath.find((name) => name in body);
    if (twice) throw new AbpError('invalid_input', `${twice} belongs in the path, not in the body.`);
    return { ...body, ...fromPath(c) };
  };
}

/** Makes the reader of a resource, which has no operation: it validates too. */
export function resourceReader<T>(resource: Route & { readonly input: z.ZodType<T> }): (c: Context) => Promise<T> {
  const read = inputReader(resource, resource.input);
  return async (c) => parseWith(resource.input, await read(c), 'request');
}

/** Returns the validated value of a header, number or text by its schema; undefined if the header is missing. */
export function headerValue<T>(c: Context, name: string, schema: z.ZodType<T>): T | undefined {
  const text = c.req.header(name);
  if (text === undefined) return undefined;
  const value = fromText(text, z.toJSONSchema(schema, { io: 'input' }) as FieldSchema);
  return parseWith(z.object({ [name]: schema }), { [name]: value }, 'headers')[name];
}

/**
 * Adds the Idempotency-Key of a request to its input as request_id. The key may be quoted, as in
 * draft-ietf-httpapi-idempotency-key-header.
 */
export function withKey(c: Context, input: Record<string, unknown>): Record<string, unknown> {
  const header = c.req.header('Idempotency-Key');
  if (header === undefined) return input;
  const request_id = /^"(.*)"$/.exec(header)?.[1] ?? header;
  if (input.request_id === undefined || input.request_id === request_id) return { ...input, request_id };
  throw new AbpError('invalid_input', 'Expected one value for Idempotency-Key and request_id, found two.', {
    hint: 'Send one of them.',
  });
}

function fromQuery(
  queries: Readonly<Record<string, readonly string[]>>,
  fields: Readonly<Record<string, FieldSchema>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(queries).map(([name, values]) => {
      const field = fields[name];
      if (field?.type === 'array') return [name, values.map((value) => fromText(value, field.items))];
      // A parameter given twice becomes a list, which the schema rejects.
      return [name, values.length === 1 ? fromText(values[0] ?? '', field) : values];
    }),
  );
}

/** Leaves text that does not fit the type as it is: validation then reports what was expected and found. */
function fromText(text: string, field: FieldSchema | undefined): unknown {
  const takes = (type: string) => field?.type === type || field?.anyOf?.some((one) => one.type === type) === true;
  if ((takes('integer') || takes('number')) && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (takes('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

async function jsonBody(c: Context): Promise<Record<string, unknown>> {
  const coding = c.req.header('Content-Encoding');
  if (coding !== undefined && coding.toLowerCase() !== 'identity') {
    const message = `Expected a body without Content-Encoding, found ${coding}.`;
    throw new HttpRefusal('unsupported_media_type', message, 'Send the JSON uncompressed.', {
      'Accept-Encoding': 'identity',
    });
  }
  const text = await c.req.text();
  if (text === '') return {};
  const type = c.req.header('Content-Type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    throw new HttpRefusal('unsupported_media_type', `Expected application/json, found ${type ?? 'no Content-Type'}.`);
  }
  const body = parse(text);
  if (isDeeper(body, MAX_DEPTH)) {
    throw new AbpError('invalid_input', `Expected at most ${MAX_DEPTH} nested levels in the body, found more.`);
  }
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  throw new AbpError('invalid_input', 'Expected a JSON object as the body, found JSON that is not an object.', {
    hint: 'Send one object: {"…": …}',
  });
}

/** Tells whether a JSON value has more levels; looks no deeper than that. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AbpError('invalid_input', `The body is not JSON: ${(error as Error).message}`, { cause: error });
  }
}
