import { z } from 'zod';
import { ERROR_CODES } from '../domain/error.ts';
import { packageVersion } from '../package-root.ts';
import { PAGE_KEY_HEADER } from './auth.ts';
import { ENDPOINTS, type Endpoint, pathFields, type Route } from './endpoints.ts';
import { RESOURCES, type Resource } from './resources.ts';

type Schema = Readonly<Record<string, unknown>>;

const PROBLEM: Schema = {
  description: 'Problem details (RFC 9457) with the error code of ABP and the next step',
  content: {
    'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
  },
};

/** The API as an OpenAPI 3.1 document, made from the schemas by which requests are judged. */
export function openApiDocument(): Schema {
  const paths: Record<string, Record<string, Schema>> = {};
  const add = ({ path, method }: Route, described: Schema) => {
    paths[path] = { ...paths[path], [method]: described };
  };
  for (const endpoint of ENDPOINTS) add(endpoint, describeOperation(endpoint));
  for (const resource of RESOURCES) add(resource, describeResource(resource));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Agentic Batch Processor',
      version: packageVersion(),
      description:
        'Jobs, their units and what became of them. Every request needs Authorization: Bearer TOKEN; the token is in the lock file beside the store. It reads and operates, and is no person: what needs a person is approved in the dashboard or on a terminal.',
    },
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: SECURITY_SCHEMES,
      schemas: { Problem: z.toJSONSchema(problem) },
    },
  };
}

/** An operation names the session beside the token: its cookie reads, a change needs the page key as well. */
const SECURITY_SCHEMES: Schema = {
  bearer: { type: 'http', scheme: 'bearer', description: 'For programs. Reads and operates; never a person.' },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: 'abp_session_PORT',
    description: 'Of the browser in which a person signed in with a link (abp serve --link). Alone it only reads.',
  },
  page_key: {
    type: 'apiKey',
    in: 'header',
    name: PAGE_KEY_HEADER,
    description: 'Kept by the page of that browser, sent with every change.',
  },
};

function securityOf({ method }: Route): { readonly security: readonly Schema[] } {
  return { security: [{ bearer: [] }, { session: [], ...(method === 'get' ? {} : { page_key: [] }) }] };
}

const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string(),
  code: z.string().describe(`One of ${Object.keys(ERROR_CODES).join(', ')}, or a refusal of HTTP itself`),
  hint: z.string().optional(),
  details: z.record(z.string(), z.unknown()).optional(),
  request_id: z.string(),
});

function describeOperation({ operation, ...route }: Endpoint): Schema {
  const input = inputOf(operation.input);
  const inPath = pathFields(route.path);
  const others = Object.keys(input.properties ?? {}).filter((name) => !inPath.includes(name));
  return {
    operationId: operation.name,
    summary: operation.title,
    description: operation.description,
    'x-effect': operation.effect,
    ...securityOf(route),
    ...parametersOf(route, input),
    ...(route.method !== 'get' && others.length > 0 ? { requestBody: bodyOf(input, others) } : {}),
    responses: responsesOf(route, {
      'application/json': { schema: schemaOf(operation.output, 'output') },
      ...(route.streams ? { 'text/event-stream': {} } : {}),
    }),
  };
}

function describeResource({ name, title, description, input, type, ...route }: Resource): Schema {
  return {
    operationId: name,
    summary: title,
    ...(description === undefined ? {} : { description }),
    ...securityOf(route),
    ...parametersOf(route, inputOf(input)),
    responses: responsesOf(route, Object.fromEntries([type].flat().map((each) => [each, {}]))),
  };
}

function responsesOf({ status = 200 }: Route, content: Schema): Schema {
  return { [String(status)]: { description: 'Done', content }, default: PROBLEM };
}

interface InputSchema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

function inputOf(input: z.ZodType): InputSchema {
  return schemaOf(input, 'input');
}

function parametersOf({ path, method, streams, keyed }: Route, input: InputSchema): { readonly parameters?: Schema[] } {
  const inPath = pathFields(path);
  const inQuery = method === 'get' ? Object.keys(input.properties ?? {}).filter((name) => !inPath.includes(name)) : [];
  const parameter = (name: string, place: 'path' | 'query') => {
    const { description, ...schema } = input.properties?.[name] ?? {};
    const required = place === 'path' || input.required?.includes(name) === true;
    return { name, in: place, required, ...(description === undefined ? {} : { description }), schema };
  };
  const parameters = [
    ...inPath.map((name) => parameter(name, 'path')),
    ...inQuery.map((name) => parameter(name, 'query')),
    ...(streams ? [LAST_EVENT_ID] : []),
    ...(keyed ? [IDEMPOTENCY_KEY] : []),
  ];
  return parameters.length > 0 ? { parameters } : {};
}

const LAST_EVENT_ID: Schema = {
  name: 'Last-Event-ID',
  in: 'header',
  required: false,
  description: 'Of a stream that broke off: it goes on behind this id',
  schema: { type: 'integer' },
};

const IDEMPOTENCY_KEY: Schema = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'The same as request_id: the same request again returns what it made, another one under it is refused (422)',
  schema: { type: 'string', minLength: 1, maxLength: 200 },
};

function bodyOf(input: InputSchema, names: readonly string[]): Schema {
  const required = names.filter((name) => input.required?.includes(name));
  const schema = {
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, input.properties?.[name] ?? {}])),
    ...(required.length > 0 ? { required } : {}),
    additionalProperties: false,
  };
  return { required: required.length > 0, content: { 'application/json': { schema } } };
}

/** OpenAPI 3.1 takes JSON Schema 2020-12 as it is; the dialect need not be said again each time. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Schema {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any', reused: 'inline' });
  return rest;
}
