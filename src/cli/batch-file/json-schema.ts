import { z } from 'zod';
import type { Session } from '../session.ts';
import { batchFileSchema } from './schema.ts';

type JsonSchema = Readonly<Record<string, unknown>>;

/** Builds the JSON Schema of batch files for editors, with the fields of every enumerator and worker. */
export async function batchFileJsonSchema(call: Session['callWithoutStore']): Promise<JsonSchema> {
  const schema = jsonSchemaOf(batchFileSchema) as { properties: Record<string, JsonSchema> } & JsonSchema;
  const sources = (await call('list_enumerators', {})).enumerators.map(variantOf);
  const workers = (await call('list_workers', {})).workers.map(variantOf);
  const oneOf = (variants: readonly Variant[]) => variants.map((variant) => variant.schema);
  // A worker without required fields may be given by its type alone.
  const alone = workers.flatMap(({ schema: { title, required } }) => (required.length === 1 ? [title] : []));
  const { source, worker } = schema.properties;
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'ABP batch file',
    ...schema,
    properties: {
      ...schema.properties,
      source: { description: source?.description, oneOf: oneOf(sources) },
      worker: { description: worker?.description, oneOf: [...oneOf(workers), { enum: alone }] },
    },
    $defs: Object.assign({}, ...[...sources, ...workers].map((variant) => variant.definitions)),
  };
}

/** One choice of `source` or `worker`, with its definitions. */
interface Variant {
  readonly schema: JsonSchema & { readonly title: string; readonly required: readonly string[] };
  readonly definitions: JsonSchema;
}

/** The schema of a driver's config with its type; its definitions get unique names, for the root of the schema. */
function variantOf(driver: {
  readonly type: string;
  readonly description: string;
  readonly config_schema?: unknown;
}): Variant {
  const { type, description, config_schema } = driver;
  const text = JSON.stringify(config_schema).replaceAll('"#/$defs/', `"#/$defs/${type}.`);
  const {
    $schema: _dialect,
    $defs = {},
    properties,
    required = [],
    ...rest
  } = JSON.parse(text) as JsonSchema & { $defs?: JsonSchema; properties?: JsonSchema; required?: readonly string[] };
  return {
    schema: {
      ...rest,
      title: type,
      description,
      properties: { type: { const: type }, ...properties },
      required: ['type', ...required],
    },
    definitions: Object.fromEntries(Object.entries($defs).map(([name, schema]) => [`${type}.${name}`, schema])),
  };
}

function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
}
