import {
  type CallToolResult,
  type InputRequiredResult,
  isInputRequiredResult,
  type McpServer,
  type ServerContext,
  type ToolAnnotations,
} from '@modelcontextprotocol/server';
import type { z } from 'zod';
import { parseWith } from '../domain/validate.ts';
import { type AnyOperation, operationsOn } from '../orchestrator/operations.ts';
import { withAcceptedNextCalls } from './accepted-next-calls.ts';
import { askingForApproval } from './ask-about-approval.ts';
import { startJobAsking } from './ask-about-test.ts';
import { toCall } from './call.ts';
import { dashboardTool, useDashboard } from './dashboard-tool.ts';
import type { McpHost, McpOptions } from './host.ts';
import { EFFECT_ICONS } from './icons.ts';
import { present, shownInput, shownOutput } from './present/index.ts';
import { toErrorResult, toResult } from './result.ts';
import { type Published, publishInput, publishOutput } from './schema.ts';

type Effect = AnyOperation['effect'];

/** Definition of a tool as data: an operation, or the dashboard. */
interface ToolDefinition {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: z.ZodObject;
  readonly output: z.ZodObject;
  readonly effect: Effect;
  readonly openWorld?: true;
}

/** Every tool, in the order in which hosts see them. */
export const TOOLS: readonly ToolDefinition[] = [
  ...operationsOn('mcp').map((operation) => ({
    ...operation,
    input: shownInput(operation),
    output: shownOutput(operation),
  })),
  dashboardTool,
];

/** Annotations by effect; hosts decide by them whether they ask their user. */
const ANNOTATIONS: Readonly<Record<Effect, ToolAnnotations>> = {
  read: { readOnlyHint: true },
  write: { readOnlyHint: false, destructiveHint: false },
  destructive: { readOnlyHint: false, destructiveHint: true },
};

/** Registers every tool. A call runs one operation, and asks the user where their consent is needed. */
export function registerTools(server: McpServer, host: McpHost, options: McpOptions): void {
  for (const { name, title, description, effect, openWorld = false, ...tool } of TOOLS) {
    const { input, output } = schemasOf({ name, ...tool });
    const run = runnerOf(name, server, host, options);
    server.registerTool(
      name,
      {
        title,
        description,
        inputSchema: input,
        outputSchema: output,
        annotations: { ...ANNOTATIONS[effect], openWorldHint: openWorld },
        icons: [EFFECT_ICONS[effect]],
        ...(name === 'start_job' && host.config.confirmStart ? { _meta: ALWAYS_ASK } : {}),
      },
      async (args: unknown, ctx): Promise<CallToolResult | InputRequiredResult> => {
        try {
          const result = await run(args, ctx);
          if (isInputRequiredResult(result)) return result;
          const answer = await present(host.orchestrator, name, args, result, toCall(host, ctx));
          return toResult(await withAcceptedNextCalls(host, server, ctx, answer));
        } catch (error) {
          return toErrorResult(error);
        }
      },
    );
  }
}

/** Makes Claude Code ask its user at every call of a tool, whatever was allowed before. */
const ALWAYS_ASK = { 'anthropic/requiresUserInteraction': true };

type Run = (args: unknown, ctx: ServerContext) => Promise<Record<string, unknown> | InputRequiredResult>;

function runnerOf(name: string, server: McpServer, host: McpHost, options: McpOptions): Run {
  if (name === dashboardTool.name) {
    return async (args) => useDashboard(options, parseWith(dashboardTool.input, args, 'arguments'));
  }
  if (name === 'start_job') return (args, ctx) => startJobAsking(host, server, args, ctx);
  return (args, ctx) =>
    askingForApproval(host, server, ctx, (human) =>
      host.orchestrator.callUnknown(name, args, toCall(host, ctx, human)),
    );
}

interface Schemas {
  readonly input: Published;
  readonly output: Published;
}

const published = new Map<string, Schemas>();

/** Returns the published schemas of a tool, made once per process: a server may be created for every request. */
function schemasOf({ name, input, output }: Pick<ToolDefinition, 'name' | 'input' | 'output'>): Schemas {
  const known = published.get(name);
  if (known) return known;
  const schemas = { input: publishInput(input), output: publishOutput(output) };
  published.set(name, schemas);
  return schemas;
}
