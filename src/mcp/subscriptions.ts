import { type McpServer, ResourceNotFoundError } from '@modelcontextprotocol/server';
import type { ResourceUpdates } from './updates.ts';
import { isResource } from './uris.ts';

/**
 * Tells one connection of changed resources until it closes. A 2025 client subscribes to addresses; for a 2026 client the
 * SDK lets through what its `subscriptions/listen` asked for, so it is handed everything.
 */
export function connectUpdates({ server }: McpServer, updates: ResourceUpdates, era: 'legacy' | 'modern'): void {
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
  const stop = updates.listen({
    updated: (uri) => {
      if (era === 'modern' || wanted.has(uri)) server.sendResourceUpdated({ uri }).catch(ignoreClosed);
    },
    listChanged: () => {
      server.sendResourceListChanged().catch(ignoreClosed);
    },
  });
  server.onclose = stop;
}

/** The connection may close between two messages; its end is told by onclose. */
function ignoreClosed(): void {}
