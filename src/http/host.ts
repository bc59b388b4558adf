import type { Config } from '../config.ts';
import type { Orchestrator } from '../orchestrator/index.ts';
import type { Recovery } from '../supervision/recovery.ts';

/** ABP put together, as far as this interface needs it. */
export interface HttpHost {
  readonly config: Config;
  readonly orchestrator: Orchestrator;
  readonly recovery: Pick<Recovery, 'watch'>;
}

/** How to serve. */
export interface ServeOptions {
  /** Default ABP_DASHBOARD_PORT; the next free one if it is taken; 0 = any. */
  readonly port?: number;
  /** Default 127.0.0.1. Any other than this machine's own demands a token of one's own. */
  readonly host?: string;
  /** Default a random one. */
  readonly token?: string;
  /** Answers what comes to /mcp. */
  readonly mcp?: (request: Request) => Promise<Response>;
  /** Folder of the built page; default that of this package. */
  readonly assets?: string;
}
