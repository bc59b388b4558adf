import type { Migration } from './index.ts';

/** The machine of each process that a lease or an attempt names; null in what was recorded before. */
export const machines: Migration = {
  version: 8,
  name: 'machines',
  sql: `
ALTER TABLE leases ADD COLUMN machine_id TEXT;
ALTER TABLE attempts ADD COLUMN machine_id TEXT;
`,
};
