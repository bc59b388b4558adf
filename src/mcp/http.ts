import {
  createMcpHandler,
  InMemoryServerEventBus,
  type ServerEvent,
  type ServerEventBus,
} from '@modelcontextprotocol/server';
import type { Orchestrator } from '../orchestrator/index.ts';
import { type McpHost, type McpOptions, toStderr } from './host.ts';
import { createMcpServer } from './server.ts';
import { watchResources } from './updates.ts';

/** MCP over HTTP, to be mounted at one path, behind the checks of Host, Origin and token. */
export interface McpHttpHandler {
  readonly fetch: (request: Request) => Promise<Response>;
  /** Ends open streams and requests. */
  close(): Promise<void>;
}

/**
 * Creates the handler: streamable HTTP with updates of resources for clients of the 2026 protocol; clients of 2025 are served
 * request by request, without dialogs and updates. The largest request is a call with a long prompt template.
 */
export function createMcpHttpHandler(host: McpHost, options: McpOptions = {}): McpHttpHandler {
  const bus = updatingBus(host.orchestrator);
  const handler = createMcpHandler(({ era }) => createMcpServer(host, { ...options, subscribe: era === 'modern' }), {
    bus,
    onerror: options.onError ?? toStderr,
  });
  return { fetch: (request) => handler.fetch(request), close: handler.close };
}

/** A bus that watches the store only while a client listens. */
function updatingBus(orchestrator: Orchestrator): ServerEventBus {
  const inner = new InMemoryServerEventBus();
  let stop: (() => void) | undefined;
  const publish = (event: ServerEvent) => inner.publish(event);
  return {
    publish,
    subscribe(listener) {
      const leave = inner.subscribe(listener);
      stop ??= watchResources(orchestrator, {
        updated: (uri) => publish({ kind: 'resource_updated', uri }),
        listChanged: () => publish({ kind: 'resources_list_changed' }),
      });
      return () => {
        leave();
        if (inner.listenerCount > 0) return;
        stop?.();
        stop = undefined;
      };
    },
  };
}
