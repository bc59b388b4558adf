import type { Migration } from './index.ts';

/** The machine of each process that a lease or an attempt names (null in what was recorded before), and names in plain English. */
export const machines: Migration = {
  version: 8,
  name: 'machines',
  sql: `
ALTER TABLE leases ADD COLUMN machine_id TEXT;
ALTER TABLE attempts ADD COLUMN machine_id TEXT;
ALTER TABLE jobs RENAME COLUMN dearest_usd TO max_attempt_cost_usd;
ALTER TABLE worker_gates RENAME TO quotas;
UPDATE events SET type = 'quota:closed' WHERE type = 'gate:closed';
`,
};
