import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Orchestrator } from '../orchestrator/index.ts';
import type { Watch } from '../orchestrator/operation.ts';

/** The parts of ABP that this interface needs. */
export interface HttpHost {
  readonly config: Config;
  readonly orchestrator: Orchestrator;
  readonly recovery: Watch;
  /** Opens a log of this process beside the store, with these fields in each line; `rotate` is called regularly. */
  readonly openLog: (
    name: string,
    fields: Readonly<Record<string, string>>,
  ) => { readonly logger: Logger; rotate(): void };
}

/** Options of a server. */
export interface ServeOptions {
  /** Default ABP_DASHBOARD_PORT; if it is in use, the next free one; 0 = any free one. */
  readonly port?: number;
  /** Address to listen on, default 127.0.0.1. One that other machines reach requires `token`. */
  readonly host?: string;
  /** Default random. */
  readonly token?: string;
  /** Handles requests to /mcp. */
  readonly mcp?: (request: Request) => Promise<Response>;
  /** Folder of the built page; default in this package. */
  readonly assets?: string;
}
