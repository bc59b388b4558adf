import { McpServer } from '@modelcontextprotocol/server';
import manifest from '../../package.json' with { type: 'json' };
import { createCompletions } from './completions.ts';
import { questions } from './elicit.ts';
import type { McpHost, McpOptions } from './host.ts';
import { SERVER_ICON } from './icons.ts';
import { INSTRUCTIONS } from './instructions.ts';
import { registerPrompts } from './prompts.ts';
import { registerResources } from './resources.ts';
import { registerTools } from './tools.ts';

/** What the lists say does not change while a server lives. */
const LASTING = { ttlMs: 3_600_000, cacheScope: 'public' } as const;

/**
 * Makes one server for one connection or request: cheap, since all that lasts is in `host`. It serves both eras of the
 * protocol; which one is decided by how the client opens. Updates of resources are the business of the transport.
 */
export function createMcpServer(host: McpHost, options: McpOptions = {}): McpServer {
  const { subscribe = false } = options;
  const server = new McpServer(
    {
      name: 'abp',
      title: 'Agentic Batch Processor',
      version: manifest.version,
      description: 'Gives every item of a large set its own AI agent: try one, approve, then run the rest detached.',
      icons: [SERVER_ICON],
    },
    {
      instructions: INSTRUCTIONS,
      requestState: { verify: questions.verify },
      capabilities: {
        tools: { listChanged: false },
        prompts: { listChanged: false },
        resources: { listChanged: subscribe, subscribe },
      },
      cacheHints: {
        'tools/list': LASTING,
        'prompts/list': LASTING,
        'resources/templates/list': LASTING,
        'server/discover': LASTING,
      },
    },
  );
  const complete = createCompletions(host.orchestrator.deps);
  registerTools(server, host, options);
  registerResources(server, host, complete);
  registerPrompts(server, host, complete);
  return server;
}
