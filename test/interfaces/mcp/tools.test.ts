import type { Tool } from '@modelcontextprotocol/client';
import { afterAll, describe, expect, it } from 'vitest';
import { INSTRUCTIONS } from '../../../src/mcp/instructions.ts';
import { TOOLS } from '../../../src/mcp/tools.ts';
import { CLIENTS, connect, makePlace } from './clients.ts';

/** Hosts show the whole list to their model, or search in it: it has to stay small. */
const LIST_BYTES = 27_500;

const { client } = await connect('v1', makePlace([], afterAll));
const { tools } = (await client.listTools()) as { readonly tools: readonly Tool[] };

describe('the tool list', () => {
  it('is unchanged: every changed byte is reviewed', async () => {
    await expect(`${JSON.stringify(tools, null, 1)}\n`).toMatchFileSnapshot('__snapshots__/tools.json');
  });

  it(`has at most ${LIST_BYTES} bytes`, () => {
    expect(Buffer.byteLength(JSON.stringify(tools))).toBeLessThanOrEqual(LIST_BYTES);
  });

  it('has every operation and the dashboard, in their order', () => {
    expect(tools.map(({ name }) => name)).toEqual(TOOLS.map(({ name }) => name));
  });

  it.each(CLIENTS.filter((kind) => kind !== 'v1'))('is the same for a client of kind %s', async (kind) => {
    const other = await connect(kind, makePlace([]));
    expect((await other.client.listTools()).tools).toEqual(tools);
  });

  it('has instructions below 2 KB that say when to use it and when not', () => {
    expect(client.getInstructions()).toBe(INSTRUCTIONS);
    expect(Buffer.byteLength(INSTRUCTIONS)).toBeLessThan(2048);
    expect(INSTRUCTIONS).toMatch(/^Use it when/m);
    expect(INSTRUCTIONS).toMatch(/^Do not use it when/m);
    const words = INSTRUCTIONS.match(/\b[a-z]+_[a-z_]+\b/g) ?? [];
    const fields = ['approve', 'wait_seconds'];
    expect(words.filter((word) => !fields.includes(word) && !tools.some(({ name }) => name === word))).toEqual([]);
  });
});

/** Annotations that hosts use: whether a tool only reads, may remove or replace data, and reaches beyond ABP. */
const ANNOTATIONS: Readonly<Record<string, readonly ['reads' | 'adds' | 'destroys', 'closed' | 'open']>> = {
  list_enumerators: ['reads', 'closed'],
  // Reads any file of this user, and database servers.
  preview_items: ['reads', 'open'],
  create_job: ['adds', 'open'],
  update_job: ['adds', 'closed'],
  // Agents do what their job permits, which may be to edit files.
  start_job: ['destroys', 'open'],
  get_job_status: ['reads', 'closed'],
  get_job: ['reads', 'closed'],
  list_jobs: ['reads', 'closed'],
  list_units: ['reads', 'closed'],
  get_unit: ['reads', 'closed'],
  pause_job: ['adds', 'closed'],
  resume_job: ['destroys', 'open'],
  cancel_job: ['destroys', 'closed'],
  // Stops running agents, and replaces the result of a reopened unit.
  manage_units: ['destroys', 'open'],
  // With force it replaces any file.
  export_results: ['destroys', 'closed'],
  delete_job: ['destroys', 'closed'],
  dashboard: ['adds', 'closed'],
};

it('the annotations of every tool are as listed here', () => {
  const told = tools.map(({ name, annotations = {} }) => {
    const { readOnlyHint, destructiveHint, openWorldHint } = annotations;
    const effect = readOnlyHint ? 'reads' : destructiveHint ? 'destroys' : 'adds';
    expect([name, typeof openWorldHint]).toEqual([name, 'boolean']);
    return [name, [effect, openWorldHint ? 'open' : 'closed']];
  });
  expect(Object.fromEntries(told)).toEqual(ANNOTATIONS);
});

describe.each(tools)('the tool $name', (tool) => {
  it('has a name that every host accepts, a title, an icon and annotations', () => {
    expect(`mcp__plugin_agentic-batch__abp__${tool.name}`.length).toBeLessThanOrEqual(60);
    expect(tool.name).toMatch(/^[a-z_]+$/);
    expect(tool.title).toMatch(/^[A-Z].{3,50}$/);
    expect(tool.icons?.[0]?.src).toMatch(/^data:image\/svg\+xml,/);
    const effect = TOOLS.find(({ name }) => name === tool.name)?.effect;
    expect(tool.annotations?.readOnlyHint).toBe(effect === 'read');
    if (effect !== 'read') expect(tool.annotations?.destructiveHint).toBe(effect === 'destructive');
  });

  it('has a description below 2 KB whose first sentence stands alone', () => {
    const [first = ''] = (tool.description ?? '').split(/(?<=[.:])\s/);
    expect(first).toMatch(/^[A-Z][a-z]+s\b/);
    expect(first.length).toBeLessThan(170);
    expect(Buffer.byteLength(tool.description ?? '')).toBeLessThan(2048);
  });

  it('has schemas with an object at the root, one type per field, no references, and typed lists', () => {
    for (const schema of [tool.inputSchema, tool.outputSchema]) {
      expect(schema?.type).toBe('object');
      for (const node of nodesOf(schema)) {
        expect(node.type, JSON.stringify(node)).toBeTypeOf('string');
        expect(Object.keys(node)).not.toEqual(
          expect.arrayContaining([expect.stringMatching(/^(any|one|all)Of|\$ref/)]),
        );
        if (node.type === 'array') expect(node.items, JSON.stringify(node)).toBeTypeOf('object');
      }
    }
  });

  it('bounds every number and text of its input', () => {
    const unbounded = nodesOf(tool.inputSchema).filter(({ type: types, maximum, maxLength, enum: words }) => {
      const [type] = [types].flat();
      // zod gives every integer the largest safe integer as its maximum.
      if (type === 'integer') return typeof maximum !== 'number' || maximum >= Number.MAX_SAFE_INTEGER;
      if (type === 'number') return typeof maximum !== 'number';
      return type === 'string' && words === undefined && typeof maxLength !== 'number';
    });
    expect(unbounded).toEqual([]);
  });
});

type Node = Readonly<Record<string, unknown>>;

/** Collects every node of a schema. */
function nodesOf(schema: unknown): readonly Node[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const node = schema as Node;
  const inner = [...Object.values((node.properties as object | undefined) ?? {}), node.items];
  return [node, ...inner.flatMap(nodesOf)];
}
