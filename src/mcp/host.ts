import type { Orchestrator } from '../orchestrator/index.ts';
import type { Watch } from '../orchestrator/operation.ts';

/** Actions of the dashboard tool. */
export type DashboardAction = 'url' | 'open' | 'status' | 'stop';

/** Dependencies of this interface; the object of the composition root fits. */
export interface McpHost {
  readonly orchestrator: Orchestrator;
  readonly config: { readonly autoRecover: boolean; readonly confirmStart: boolean };
  readonly recovery: Watch;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Writes an error to stderr, by default: stdout belongs to the protocol. */
export function toStderr(error: Error): void {
  process.stderr.write(`abp mcp: ${error.message}\n`);
}

/** Options of a server. */
export interface McpOptions {
  /** True when its transport notifies clients of changed resources. */
  readonly subscribe?: boolean;
  /** Called for requests that were refused before they became a call, and for messages that could not be sent. */
  readonly onError?: (error: Error) => void;
  /** Runs the dashboard; without it the tool says how a person starts one. */
  readonly dashboard?: (action: DashboardAction) => Promise<Record<string, unknown>>;
}
