import { getWorker } from '../../workers/index.ts';
import { inCommands } from '../hint-words.ts';
import type { Check } from './finding.ts';

const about = 'Claude Code';

/** Checks that Claude Code is installed, new enough and logged in; only a warning, since other workers need none of it. */
export const claude: Check = {
  about,
  look: async ({ host }) => {
    const worker = await getWorker('claude');
    const result = await worker.preflight(worker.configSchema.parse({}), host.environment);
    if (result.ok) return [{ about, state: 'pass', message: result.summary }];
    return [{ about, state: 'warn', message: result.message, fix: inCommands(result.hint) }];
  },
};
