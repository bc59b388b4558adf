import type { Migration } from './index.ts';

/**
 * Indexes for screens at a million units: the cost of ended attempts by time without reading their rows, and the few events
 * about the job itself without reading those about its units.
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
