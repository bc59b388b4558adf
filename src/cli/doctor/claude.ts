import { getWorker } from '../../workers/index.ts';
import type { Check } from './finding.ts';

const about = 'Claude Code';

/** Whether agents could work: installed, new enough, logged in. Without it the command worker still can. */
export const claude: Check = {
  about,
  look: async ({ host }) => {
    const worker = await getWorker('claude');
    const result = await worker.preflight(worker.configSchema.parse({}), host.environment);
    if (result.ok) return [{ about, state: 'pass', message: result.summary }];
    return [{ about, state: 'warn', message: result.message, fix: result.hint }];
  },
};
