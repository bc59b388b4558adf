import type { Json, JsonObject } from '../../domain/json.ts';

/** Value type of a keyword: a value, a schema, a list of schemas, or schemas by name. */
type Holds = 'value' | 'schema' | 'list' | 'named';

/**
 * Keywords that all consumers accept. The CLI compiles a schema with Ajv in strict mode, draft 07 only: on a `$schema`
 * of another draft, an unknown keyword or format, 2.1.330 exits, and 2.1.197 rejects every answer, five paid times. The
 * service receives the schema as the input of a tool.
 */
const KEYWORDS: Readonly<Record<string, Holds>> = {
  ...holding('value', 'type', 'nullable', 'enum', 'const', '$ref', 'title', 'description', 'default', 'examples'),
  ...holding('value', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'),
  ...holding('value', 'minLength', 'maxLength', 'pattern', 'minItems', 'maxItems', 'uniqueItems'),
  ...holding('value', 'required', 'minProperties', 'maxProperties'),
  ...holding('schema', 'items', 'contains', 'additionalProperties', 'propertyNames'),
  ...holding('list', 'anyOf', 'allOf'),
  ...holding('named', 'properties', 'patternProperties', '$defs', 'definitions'),
};

/** Keywords in which a weaker subschema makes the whole stricter: kept only if nothing has to be dropped. */
const INVERTING: Readonly<Record<string, Holds>> = {
  ...holding('schema', 'not', 'if', 'then', 'else'),
  ...holding('list', 'oneOf'),
};

/** Keywords that depend on another one or on the type of their value. */
const CONDITIONS: Readonly<Record<string, (value: Json, schema: JsonObject) => boolean>> = {
  $ref: (value) => typeof value === 'string' && /^#(\/|$)/.test(value),
  nullable: (_, schema) => 'type' in schema,
  exclusiveMinimum: (value) => typeof value === 'number',
  exclusiveMaximum: (value) => typeof value === 'number',
  // The CLI's Ajv divides doubles, counts inherited properties, and does not handle `__proto__`.
  multipleOf: (value) => Number.isInteger(value),
  additionalProperties: (_, { properties = null }) => !(isObject(properties) && Object.hasOwn(properties, '__proto__')),
  items: (value, schema) => !Array.isArray(value) && !('prefixItems' in schema),
  contains: (_, schema) => !('minContains' in schema),
  if: (_, schema) => 'then' in schema || 'else' in schema,
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
  then: (_, schema) => 'if' in schema,
  else: (_, schema) => 'if' in schema,
};

/** Keywords that the service refuses at the root of a tool's input. */
const NOT_AT_ROOT: ReadonlySet<string> = new Set(['anyOf', 'allOf', 'oneOf']);

/**
 * Reduces a job's output schema to what CLI and service accept: never stricter, with dropped parts described in words.
 * The result is still validated against the job's own schema.
 */
export function toolSchema({ $schema: _, ...schema }: JsonObject): JsonObject {
  const whole = reduceSchema(schema, { ...KEYWORDS, ...INVERTING });
  const { schema: taken } = whole.complete ? whole : reduceSchema(schema, KEYWORDS);
  return { type: 'object', ...taken };
}

interface Reduced {
  readonly schema: JsonObject;
  readonly complete: boolean;
}

function reduceSchema(root: JsonObject, keywords: Readonly<Record<string, Holds>>): Reduced {
  let complete = true;
  const takes = (name: string, value: Json, schema: JsonObject) =>
    Object.hasOwn(keywords, name) &&
    (CONDITIONS[name]?.(value, schema) ?? true) &&
    !(schema === root && NOT_AT_ROOT.has(name));
  const subschema = (value: Json): Json => (isObject(value) ? reduce(value) : value);
  const content = (holds: Holds | undefined, value: Json): Json => {
    if (holds === 'schema') return subschema(value);
    if (holds === 'list' && Array.isArray(value)) return value.map(subschema);
    if (holds !== 'named' || !isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, member(name, inner)]));
  };
  const member = (name: string, inner: Json): Json => {
    if (!(name in Object.prototype) || !isObject(inner)) return subschema(inner);
    complete = false;
    return { description: inWords(inner) };
  };
  const reduce = (schema: JsonObject): JsonObject => {
    const entries = Object.entries(schema);
    const taken = entries.filter(([name, value]) => takes(name, value, schema));
    const kept = Object.fromEntries(taken.map(([name, value]) => [name, content(keywords[name], value)]));
    if (taken.length === entries.length) return kept;
    complete = false;
    const left = Object.fromEntries(entries.filter(([name, value]) => !takes(name, value, schema)));
    const { description: own = '' } = schema;
    return { ...kept, description: typeof own === 'string' && own !== '' ? `${own}\n${inWords(left)}` : inWords(left) };
  };
  return { schema: reduce(root), complete };
}

function inWords(schema: JsonObject): string {
  return `It must also satisfy the JSON Schema ${JSON.stringify(schema)}`;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function holding(holds: Holds, ...names: readonly string[]): Readonly<Record<string, Holds>> {
  return Object.fromEntries(names.map((name) => [name, holds]));
}
