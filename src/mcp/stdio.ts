import { Console } from 'node:console';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import { type McpHost, type McpOptions, toStderr } from './host.ts';
import { createMcpServer } from './server.ts';
import { connectUpdates } from './subscriptions.ts';

/** Hosts end a server with one of these, or by closing its stdin. */
const ENDINGS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Hosts wait about a second before they kill. */
const EXIT_MS = 600;

/** The transport of the process's own stdin and stdout, which tells when it has closed, for whatever reason. */
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
 * Serves this process's stdin and stdout until stdin ends or a signal comes, then resolves; whoever called should end
 * then, and what still hangs ends with the process. Jobs run in processes of their own and never notice. Meanwhile it
 * looks after lost jobs, unless ABP_AUTO_RECOVER is off. Nothing but protocol goes to stdout.
 */
export async function serveMcpOverStdio(host: McpHost, options: McpOptions = {}): Promise<void> {
  // A stray console.log of some library would break the protocol.
  globalThis.console = new Console(process.stderr, process.stderr);
  const transport = new OwnStdio();
  const handle = serveStdio(
    ({ era }) => {
      const server = createMcpServer(host, { ...options, subscribe: true });
      connectUpdates(server, host.orchestrator.deps, era);
      return server;
    },
    { transport, onerror: options.onError ?? toStderr },
  );
  const watching = new AbortController();
  if (host.config.autoRecover) {
    void host.recovery.watch(watching.signal, ({ refused }) => {
      for (const { reason } of refused) toStderr(new Error(`cannot recover a job: ${reason}`));
    });
  }
  const end = () => void handle.close();
  for (const signal of ENDINGS) process.once(signal, end);
  await transport.closed;
  watching.abort();
  for (const signal of ENDINGS) process.off(signal, end);
  // Nobody hears the answer of a call that is still under way: it must not hold the process.
  setTimeout(() => process.exit(), EXIT_MS).unref();
}
