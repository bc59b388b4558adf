import type { Migration } from './index.ts';

/** Whether what certainly is a secret is removed from results before they are stored. */
export const redaction: Migration = {
  version: 3,
  name: 'redaction',
  sql: 'ALTER TABLE jobs ADD COLUMN redact_results INTEGER NOT NULL DEFAULT 1;',
};
