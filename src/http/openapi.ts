import { z } from 'zod';
import { packageVersion } from '../package-root.ts';
import { PAGE_KEY_HEADER } from './auth.ts';
import { ENDPOINTS, pathFields, type Route } from './endpoints.ts';
import { hintsWordedIn } from './hints.ts';
import { problemSchema } from './problem.ts';
import { RESOURCES, type Resource } from './resources.ts';

/** A part of the document; what is undefined is left out of its JSON. */
type Part = Readonly<Record<string, unknown>>;

/** Builds the OpenAPI 3.1 document of the API from the table of routes and the schemas that validate requests. */
export function openApiDocument(): Part {
  const paths: Record<string, Record<string, Part>> = {};
  const add = (route: Route, about: About, content: Part, more: Part = {}) => {
    paths[route.path] = { ...paths[route.path], [route.method]: { ...describe(route, about, content), ...more } };
  };
  for (const { operation, ...route } of ENDPOINTS) {
    const json = { 'application/json': { schema: hintsWordedIn(schemaOf(operation.output, 'output')) } };
    const content = route.streams ? { ...json, 'text/event-stream': {} } : json;
    add(route, operation, content, { 'x-effect': operation.effect });
  }
  for (const resource of RESOURCES) {
    add(resource, resource, Object.fromEntries([resource.type].flat().map((type) => [type, {}])));
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Agentic Batch Processor',
      version: packageVersion(),
      description:
        'Jobs, their units and results. Every request needs Authorization: Bearer TOKEN; the token is in the lock file beside the store. It can read and operate, but never approve: a person approves in the dashboard or on a terminal.',
    },
    security: [{ bearer: [] }],
    paths,
    components: { securitySchemes: SECURITY_SCHEMES, schemas: { Problem: schemaOf(problemSchema, 'output') } },
  };
}

/** Each route accepts the token or a session: its cookie reads, a change needs the page key too. */
const SECURITY_SCHEMES: Part = {
  bearer: { type: 'http', scheme: 'bearer', description: 'For programs. Reads and operates; never a person.' },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: 'abp_session_PORT',
    description: 'Of a browser in which a person signed in with a link (abp serve --link). Alone it only reads.',
  },
  page_key: {
    type: 'apiKey',
    in: 'header',
    name: PAGE_KEY_HEADER,
    description: 'Kept by the page in that browser, sent with every change.',
  },
};

const PROBLEM: Part = {
  description: 'Problem details (RFC 9457) with the error code of ABP and the next step',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

const LAST_EVENT_ID: Part = {
  name: 'Last-Event-ID',
  in: 'header',
  required: false,
  description: 'Last id that the client received before its stream broke: the stream continues after it',
  schema: { type: 'integer' },
};

const IDEMPOTENCY_KEY: Part = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'Same as request_id: repeating a request returns its job, another request with the same key gets 422',
  schema: { type: 'string', minLength: 1, maxLength: 200 },
};

/** Name, texts and input schema of a route. */
type About = Pick<Resource, 'name' | 'title' | 'description'> & { readonly input: z.ZodType };

function describe(route: Route, { name, title, description, input }: About, content: Part): Part {
  const { properties = {}, required = [] } = schemaOf(input, 'input') as InputSchema;
  const inPath = pathFields(route.path);
  const others = Object.keys(properties).filter((field) => !inPath.includes(field));
  const reads = route.method === 'get';
  const parameter = (place: 'path' | 'query') => (field: string) => {
    const { description, ...schema } = properties[field] ?? {};
    return { name: field, in: place, required: place === 'path' || required.includes(field), description, schema };
  };
  const body = {
    type: 'object',
    properties: Object.fromEntries(others.map((field) => [field, properties[field]])),
    required: required.filter((field) => others.includes(field)),
    additionalProperties: false,
  };
  return {
    operationId: name,
    summary: title,
    description,
    security: [{ bearer: [] }, { session: [], ...(reads ? {} : { page_key: [] }) }],
    parameters: [
      ...inPath.map(parameter('path')),
      ...(reads ? others.map(parameter('query')) : []),
      ...(route.streams ? [LAST_EVENT_ID] : []),
      ...(route.keyed ? [IDEMPOTENCY_KEY] : []),
    ],
    ...(reads || others.length === 0
      ? {}
      : { requestBody: { required: body.required.length > 0, content: { 'application/json': { schema: body } } } }),
    responses: { [route.status ?? 200]: { description: 'Success', content }, default: PROBLEM },
  };
}

interface InputSchema {
  readonly properties?: Readonly<Record<string, Part>>;
  readonly required?: readonly string[];
}

/** JSON Schema 2020-12, which OpenAPI 3.1 takes as it is, without the name of the dialect. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Part {
  return { ...z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline' }), $schema: undefined };
}
