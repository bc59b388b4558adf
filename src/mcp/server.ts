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

/** Cache hint of lists: they do not change while a server lives. */
const CACHEABLE = { ttlMs: 3_600_000, cacheScope: 'public' } as const;

/**
 * Creates a server for one connection or request: cheap, since all lasting state is in `host`. It serves both versions of the
 * protocol; the client's first message decides which. The transport sends updates of resources.
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
        'tools/list': CACHEABLE,
        'prompts/list': CACHEABLE,
        'resources/templates/list': CACHEABLE,
        'server/discover': CACHEABLE,
      },
    },
  );
  const complete = createCompletions(host.orchestrator);
  registerTools(server, host, options);
  registerResources(server, host, complete);
  registerPrompts(server, host, complete);
  return server;
}
