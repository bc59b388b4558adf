import { Console } from 'node:console';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import { type McpHost, type McpOptions, toStderr } from './host.ts';
import { createMcpServer } from './server.ts';
import { connectUpdates } from './subscriptions.ts';

/** Signals with which hosts end a server; or they close its stdin. */
const ENDINGS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Time to end, ms: hosts wait about a second before they send SIGKILL. */
const EXIT_MS = 600;

/** Transport over the process's own stdin and stdout, with a promise for its end, whatever the reason. */
class OwnStdio extends StdioServerTransport {
  readonly closed: Promise<void>;
  #tell: () => void = () => undefined;

  constructor() {
    super();
    this.closed = new Promise((resolve) => {
      this.#tell = resolve;
    });
  }

  override async close(): Promise<void> {
    await super.close();
    this.#tell();
  }
}

/**
 * Serves MCP on this process's stdin and stdout until stdin ends or a signal arrives, then resolves; the caller should exit
 * then, and the process exits after `EXIT_MS` in any case. Jobs run in their own processes. While it serves it recovers lost
 * jobs, unless ABP_AUTO_RECOVER is off. Only protocol messages go to stdout.
 */
export async function serveMcpOverStdio(host: McpHost, options: McpOptions = {}): Promise<void> {
  // A stray console.log of some library would break the protocol.
  globalThis.console = new Console(process.stderr, process.stderr);
  const transport = new OwnStdio();
  const handle = serveStdio(
    ({ era }) => {
      const server = createMcpServer(host, { ...options, subscribe: true });
      connectUpdates(server, host.orchestrator, era);
      return server;
    },
    { transport, onerror: options.onError ?? toStderr },
  );
  const recovering = new AbortController();
  if (host.config.autoRecover) {
    void host.recovery.watch(recovering.signal, ({ refused }) => {
      for (const { reason } of refused) toStderr(new Error(`cannot recover a job: ${reason}`));
    });
  }
  const end = () => void handle.close();
  for (const signal of ENDINGS) process.once(signal, end);
  await transport.closed;
  recovering.abort();
  for (const signal of ENDINGS) process.off(signal, end);
  // The answer of a running call cannot be delivered any more: it must not keep the process alive.
  setTimeout(() => process.exit(), EXIT_MS).unref();
}
