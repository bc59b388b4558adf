import type { Orchestrator } from '../orchestrator/index.ts';
import type { Recovery } from '../supervision/recovery.ts';

/** What the dashboard tool asks for. */
export type DashboardAction = 'url' | 'open' | 'status' | 'stop';

/** What this interface needs of the program around it; the composition root's object fits. */
export interface McpHost {
  readonly orchestrator: Orchestrator;
  readonly config: { readonly autoRecover: boolean; readonly confirmStart: boolean };
  readonly recovery: Pick<Recovery, 'watch'>;
}

/** Where such errors go when nobody else wants them: never to stdout, which belongs to the protocol. */
export function toStderr(error: Error): void {
  process.stderr.write(`abp mcp: ${error.message}\n`);
}

/** What else a server may be given. */
export interface McpOptions {
  /** Whether its transport tells clients of changed resources. */
  readonly subscribe?: boolean;
  /** Hears of requests that were refused before they became a call, and of messages that could not be sent. */
  readonly onError?: (error: Error) => void;
  /** Runs the dashboard; without it the tool tells how a person starts one. */
  readonly dashboard?: (action: DashboardAction) => Promise<Record<string, unknown>>;
}
