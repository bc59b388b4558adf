import type { Config } from '../config.ts';
import type { Orchestrator } from '../orchestrator/index.ts';
import type { Recovery } from '../supervision/recovery.ts';
import type { StorePaths } from '../supervision/store-paths.ts';

/** ABP put together, as far as this interface needs it. */
export interface OpenAbp {
  readonly config: Config;
  readonly places: StorePaths;
  readonly orchestrator: Orchestrator;
  readonly recovery: Recovery;
  close(): void;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** How the dashboard is served. */
export interface ServeOptions {
  /** 0 = any. */
  readonly port?: number;
  readonly host?: string;
  readonly token?: string;
}

/** A server of this very process. */
export interface RunningServer {
  readonly url: string;
  readonly done: Promise<void>;
  close(): Promise<void>;
}

/** The server of a store, whichever process it is. */
export interface Dashboard {
  find(): { readonly url: string; readonly pid: number; readonly since: string } | null;
  /** The server, started if there is none. */
  start(): Promise<{ readonly url: string }>;
  /** Ends it; false = there was none. */
  stop(): Promise<boolean>;
  /** Opens a signed-in browser; false = none could be opened. */
  open(path?: string): Promise<{ readonly url: string; readonly opened: boolean }>;
  /** A link that signs one browser in, once, within two minutes; starts the server if there is none. */
  signInLink(path?: string): Promise<string>;
}

/** What the composition gives to this interface. Interfaces know nothing of each other: it starts the others through here. */
export interface CliHost {
  readonly version: string;
  readonly environment: Environment;
  /** Opens the store; one that is not there is made, or left so and stood for in memory. Throws AbpError. */
  readonly open: (environment: Environment, whenMissing?: 'create' | 'in_memory') => Promise<OpenAbp>;
  readonly interfaces: {
    /** Serves MCP on stdin and stdout until the client goes away. */
    readonly mcp: () => Promise<void>;
    readonly serve: (options: ServeOptions) => Promise<RunningServer>;
    readonly dashboard: (environment: Environment) => Promise<Dashboard>;
  };
}
