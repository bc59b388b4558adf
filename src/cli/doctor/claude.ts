import { inCommands } from '../hint-words.ts';
import type { Check } from './finding.ts';

const about = 'Claude Code';

/** Checks that Claude Code is installed, new enough and logged in; only a warning, since other workers need none of it. */
export const claude: Check = {
  about,
  look: async ({ callWithoutStore }) => {
    const { ready, message, hint } = await callWithoutStore('worker_readiness', { type: 'claude' });
    return [ready ? { about, state: 'pass', message } : { about, state: 'warn', message, fix: inCommands(hint ?? '') }];
  },
};
