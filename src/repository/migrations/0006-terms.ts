import type { Migration } from './index.ts';

/** What a person agreed to beside a definition, and whether a test has used that up. Approvals of before are asked about again. */
export const terms: Migration = {
  version: 6,
  name: 'terms',
  sql: `
ALTER TABLE approvals ADD COLUMN terms TEXT;
ALTER TABLE approvals RENAME COLUMN discarded_at TO tested_at;
`,
};
