import type { StandardSchemaWithJSON } from '@modelcontextprotocol/server';
import { z } from 'zod';

/** A JSON Schema node as zod writes it. */
type Node = Readonly<Record<string, unknown>>;

/** A schema that the SDK shows, and through which everything passes. */
export type Published = StandardSchemaWithJSON<unknown, unknown>;

/**
 * An input schema as hosts take it: an object at the root, no references and no unions, integers with real bounds. It is
 * shown, not enforced: arguments go as they are to the operation, whose refusal names the nearest known field.
 */
export function publishInput(schema: z.ZodObject): Published {
  return shown(() => simplify(z.toJSONSchema(schema, { io: 'input' })) as Node);
}

/**
 * An output schema as programs need it: the fields that always have a value, with their types. The others, and what lies
 * deeper, are left out: no host shows it to its model, and the whole tool list has to stay small.
 */
export function publishOutput(schema: z.ZodObject): Published {
  return shown(() => {
    const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'output' }) as Node & {
      readonly properties?: Readonly<Record<string, Node>>;
      readonly required?: readonly string[];
    };
    const always = required.filter((name) => typeof properties[name]?.type === 'string');
    return {
      type: 'object',
      properties: Object.fromEntries(always.map((name) => [name, typeNode(properties[name] ?? {})])),
      required: always,
    };
  });
}

function typeNode({ type, items }: Node): Node {
  return type === 'array' ? { type, items: { type: (items as Node).type } } : { type };
}

/** Made when a client first asks for it: a server has to answer its first request at once. */
function shown(make: () => Node): Published {
  let made: Record<string, unknown> | undefined;
  const json = () => {
    made ??= make();
    return made;
  };
  const validate = (value: unknown) => ({ value });
  return { '~standard': { version: 1, vendor: 'abp', validate, jsonSchema: { input: json, output: json } } };
}

/**
 * Keywords that tell a reader nothing, or that hosts stumble over. Unknown fields are not forbidden here: a client that
 * checks by itself would refuse them with less to go by than we do.
 */
const SILENT: readonly string[] = ['$schema', '$defs', 'propertyNames', 'additionalProperties'];

/** The node without what is silent, and the same for all below. `properties` holds names, not keywords. */
function simplify(value: unknown, isNames = false): unknown {
  if (Array.isArray(value)) return value.map((item) => simplify(item));
  if (typeof value !== 'object' || value === null) return value;
  const node = isNames ? (value as Node) : withoutNull(value as Node);
  const kept = Object.entries(node).filter(([keyword]) => isNames || !SILENT.includes(keyword));
  return Object.fromEntries(
    kept.map(([keyword, inner]) => [
      keyword,
      keyword === 'examples' ? inner : simplify(inner, keyword === 'properties'),
    ]),
  );
}

/** `X or null` as X: some hosts know one type a field, and leaving it out mostly means the same as null. */
function withoutNull(node: Node): Node {
  const { anyOf, ...rest } = node;
  const branch = Array.isArray(anyOf) ? (anyOf as Node[]).find(({ type }) => type !== 'null') : undefined;
  return branch === undefined ? node : { ...branch, ...rest };
}
