import { z } from 'zod';
import type { McpOptions } from './host.ts';

/** Tool for the address of the dashboard. Not an operation: it controls another interface. */
export const dashboardTool = {
  name: 'dashboard',
  title: 'The dashboard in a browser',
  description:
    'Returns the address of the local dashboard, a web page with all jobs, where a person can also approve, pause and cancel. url starts it when needed; open also opens a browser; status says whether it runs; stop ends it.',
  input: z.strictObject({ action: z.enum(['url', 'open', 'status', 'stop']).optional().describe('Default url') }),
  output: z.looseObject({ running: z.boolean(), url: z.string().optional(), message: z.string().optional() }),
  // Starts and ends a local server, and may open a browser window: harmless, but more than reading.
  effect: 'write',
} as const;

/** Answer where this process cannot run a dashboard. */
const NOT_AVAILABLE = {
  running: false,
  message: 'This server cannot run the dashboard itself. A person starts it in a terminal: abp serve',
};

/** Carries out an action on the dashboard. */
export async function useDashboard(
  { dashboard }: McpOptions,
  { action = 'url' }: z.output<typeof dashboardTool.input>,
): Promise<Record<string, unknown>> {
  return dashboard ? dashboard(action) : NOT_AVAILABLE;
}
