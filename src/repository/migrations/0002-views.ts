import type { Migration } from './index.ts';

/**
 * What a screen asks for at a million units: the cost of ended attempts by time without a look at their rows, and the
 * few events that are about the job itself without a look at those about its units.
 */
export const views: Migration = {
  version: 2,
  name: 'views',
  sql: `
DROP INDEX attempts_ended;
CREATE INDEX attempts_ended ON attempts (job_id, ended_at, status, cost_usd) WHERE ended_at IS NOT NULL;
CREATE INDEX events_of_job ON events (job_id, seq) WHERE idx IS NULL;
`,
};
