import type { Config } from '../config.ts';
import type { Orchestrator } from '../orchestrator/index.ts';
import type { Watch } from '../orchestrator/operation.ts';

/** The parts of a wired ABP that this interface uses. */
export interface OpenAbp {
  readonly config: Config;
  readonly orchestrator: Orchestrator;
  readonly recovery: Watch;
  close(): void;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Options for serving the dashboard. */
export interface ServeOptions {
  /** 0 = any. */
  readonly port?: number;
  readonly host?: string;
  readonly token?: string;
}

/** A server in this process. */
export interface RunningServer {
  readonly url: string;
  readonly done: Promise<void>;
  close(): Promise<void>;
}

/** The server of a store, in any process. */
export interface Dashboard {
  find(): { readonly url: string; readonly pid: number; readonly since: string } | null;
  /** The server, started if there is none. */
  start(): Promise<{ readonly url: string }>;
  /** Stops it; false = none was running. */
  stop(): Promise<boolean>;
  /** Opens a signed-in browser; opened is false where that fails. */
  open(path?: string): Promise<{ readonly url: string; readonly opened: boolean }>;
  /** Returns a link that signs one browser in, once, within two minutes; starts the server if there is none. */
  signInLink(path?: string): Promise<string>;
}

/** What the composition root gives to this interface, which starts the other interfaces through it. */
export interface CliHost {
  readonly version: string;
  readonly environment: Environment;
  /**
   * Opens the store; a missing one is created, or replaced by an empty one in memory, as is any with `no_store`. Throws
   * AbpError.
   */
  readonly open: (environment: Environment, whenMissing?: 'create' | 'in_memory' | 'no_store') => Promise<OpenAbp>;
  readonly interfaces: {
    /** Serves MCP on stdin and stdout until the client disconnects. */
    readonly mcp: () => Promise<void>;
    readonly serve: (options: ServeOptions) => Promise<RunningServer>;
    readonly dashboard: (environment: Environment) => Promise<Dashboard>;
  };
}
