import type { Migration } from './index.ts';

/**
 * What the next executor of a job has to know: how many before it began to judge the output of an attempt and were lost
 * over it, and with which program and variables the worker of a revision was started by a person.
 */
export const recovery: Migration = {
  version: 5,
  name: 'recovery',
  sql: `
ALTER TABLE attempts ADD COLUMN judges INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job_revisions ADD COLUMN needs TEXT;
`,
};
