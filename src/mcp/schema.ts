import type { StandardSchemaWithJSON } from '@modelcontextprotocol/server';
import { z } from 'zod';

/** A JSON Schema node as zod generates it. */
type Node = Readonly<Record<string, unknown>>;

/** A schema that the SDK publishes and that accepts every value. */
export type Published = StandardSchemaWithJSON<unknown, unknown>;

/**
 * Publishes an input schema in a form that hosts accept: an object at the root, no references, no unions, integers with real
 * bounds. It is not enforced here: the operation checks the arguments, and its error names the nearest known field.
 */
export function publishInput(schema: z.ZodObject): Published {
  return lazySchema(() => simplify(z.toJSONSchema(schema, { io: 'input' })) as Node);
}

/**
 * Publishes an output schema for programs: the fields that always have a value, with their types. Optional fields and deeper
 * levels are left out: no host shows them to its model, and the tool list has to stay small.
 */
export function publishOutput(schema: z.ZodObject): Published {
  return lazySchema(() => {
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

/** Makes the schema when a client first asks for it: a server has to answer its first request fast. */
function lazySchema(make: () => Node): Published {
  let made: Record<string, unknown> | undefined;
  const json = () => {
    made ??= make();
    return made;
  };
  const validate = (value: unknown) => ({ value });
  return { '~standard': { version: 1, vendor: 'abp', validate, jsonSchema: { input: json, output: json } } };
}

/**
 * Keywords without information for a reader, or that hosts do not support. Unknown fields are not forbidden: a client that
 * checks the schema itself would refuse them with a worse message than ours.
 */
const OMITTED_KEYWORDS: readonly string[] = ['$schema', '$defs', 'propertyNames', 'additionalProperties'];

/**
 * Copies a node and everything below it without the omitted keywords. `isNames`: its keys are field names, not keywords.
 */
function simplify(value: unknown, isNames = false): unknown {
  if (Array.isArray(value)) return value.map((item) => simplify(item));
  if (typeof value !== 'object' || value === null) return value;
  const node = isNames ? (value as Node) : withoutNull(value as Node);
  const kept = Object.entries(node).filter(([keyword]) => isNames || !OMITTED_KEYWORDS.includes(keyword));
  return Object.fromEntries(
    kept.map(([keyword, inner]) => [
      keyword,
      keyword === 'examples' ? inner : simplify(inner, keyword === 'properties'),
    ]),
  );
}

/** Replaces `X or null` with X: some hosts support one type per field, and leaving a field out mostly means null. */
function withoutNull(node: Node): Node {
  const { anyOf, ...rest } = node;
  const branch = Array.isArray(anyOf) ? (anyOf as Node[]).find(({ type }) => type !== 'null') : undefined;
  return branch === undefined ? node : { ...branch, ...rest };
}
