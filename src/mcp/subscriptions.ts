import { type McpServer, ResourceNotFoundError } from '@modelcontextprotocol/server';
import type { Orchestrator } from '../orchestrator/index.ts';
import { watchResources } from './updates.ts';
import { isResource } from './uris.ts';

/**
 * Notifies one connection of changed resources until it closes. A 2025 client subscribes to addresses; for a 2026 client the
 * SDK lets through what its `subscriptions/listen` asked for, so it is handed everything.
 */
export function connectUpdates({ server }: McpServer, orchestrator: Orchestrator, era: 'legacy' | 'modern'): void {
  const wanted = new Set<string>();
  if (era === 'legacy') {
    server.setRequestHandler('resources/subscribe', ({ params }) => {
      if (!isResource(params.uri)) throw new ResourceNotFoundError(params.uri);
      wanted.add(params.uri);
      return {};
    });
    server.setRequestHandler('resources/unsubscribe', ({ params }) => {
      wanted.delete(params.uri);
      return {};
    });
  }
  const stop = watchResources(orchestrator, {
    updated: (uri) => {
      if (era === 'modern' || wanted.has(uri)) server.sendResourceUpdated({ uri }).catch(ignoreClosed);
    },
    listChanged: () => {
      server.sendResourceListChanged().catch(ignoreClosed);
    },
  });
  server.onclose = stop;
}

/** The connection may close between two messages; onclose reports its end. */
function ignoreClosed(): void {}
