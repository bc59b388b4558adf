import type { Migration } from './index.ts';

/**
 * What belongs to a job beside its work: where its results are written when it ends and how far that is, the request that
 * made it, and the batch file that it was made from, with the process that carries it out.
 */
export const output: Migration = {
  version: 7,
  name: 'output',
  sql: `
ALTER TABLE jobs ADD COLUMN output TEXT;
ALTER TABLE jobs ADD COLUMN output_state TEXT;
ALTER TABLE jobs ADD COLUMN request_id TEXT;
ALTER TABLE jobs ADD COLUMN request_hash TEXT;
ALTER TABLE jobs ADD COLUMN batch_file TEXT;
ALTER TABLE jobs ADD COLUMN carried_out_by TEXT;
CREATE UNIQUE INDEX jobs_by_request ON jobs (request_id) WHERE request_id IS NOT NULL AND deleting = 0;
CREATE INDEX jobs_by_batch_file ON jobs (batch_file) WHERE batch_file IS NOT NULL;
CREATE INDEX jobs_with_output_due ON jobs (job_id) WHERE output_state ->> 'state' = 'due';
`,
};
