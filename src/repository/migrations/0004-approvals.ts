import type { Migration } from './index.ts';

/**
 * A person approves definitions: all that decides what a job runs, under one hash. Code that was approved alone is asked
 * about again. Jobs of before get their working directory as home.
 */
export const approvals: Migration = {
  version: 4,
  name: 'approvals',
  sql: `
DROP TABLE code_approvals;
CREATE TABLE approvals (
  definition TEXT PRIMARY KEY,
  about TEXT NOT NULL,
  title TEXT NOT NULL,
  powers TEXT NOT NULL,
  files TEXT NOT NULL,
  source TEXT,
  requested_at INTEGER NOT NULL,
  approved_at INTEGER,
  approved_by TEXT,
  revoked_at INTEGER,
  discarded_at INTEGER
) STRICT, WITHOUT ROWID;

ALTER TABLE jobs ADD COLUMN home TEXT;
ALTER TABLE jobs ADD COLUMN powers TEXT NOT NULL DEFAULT '[]';
ALTER TABLE jobs ADD COLUMN approved_definition TEXT;
UPDATE jobs SET home = working_directory;
CREATE INDEX jobs_by_definition ON jobs (approved_definition) WHERE approved_definition IS NOT NULL;
`,
};
