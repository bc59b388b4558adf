import { z } from 'zod';
import type { McpOptions } from './host.ts';

/** The tool for the page that shows all jobs. It is no operation: what it speaks to is an interface. */
export const dashboardTool = {
  name: 'dashboard',
  title: 'The dashboard in a browser',
  description:
    'Gives the address of the local dashboard, a web page with all jobs, where a person can also approve, pause and cancel. url starts it when needed; open also opens a browser; status tells whether it runs; stop ends it.',
  input: z.strictObject({ action: z.enum(['url', 'open', 'status', 'stop']).optional().describe('Default url') }),
  output: z.looseObject({ running: z.boolean(), url: z.string().optional(), message: z.string().optional() }),
  // It starts and ends a local server, and may open a browser window: no harm, but more than reading.
  effect: 'write',
} as const;

/** What it answers where no dashboard can be run from here. */
const BY_HAND = {
  running: false,
  message: 'This server cannot run the dashboard itself. A person starts it in a terminal: abp serve',
};

/** Does what was asked of the dashboard. */
export async function useDashboard(
  { dashboard }: McpOptions,
  { action = 'url' }: z.output<typeof dashboardTool.input>,
): Promise<Record<string, unknown>> {
  return dashboard ? dashboard(action) : BY_HAND;
}
