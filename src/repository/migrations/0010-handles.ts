import type { Migration } from './index.ts';

/** The handle of an attempt's run, which only its worker understands, instead of the fields of a process. */
export const handles: Migration = {
  version: 10,
  name: 'handles',
  sql: `
ALTER TABLE attempts ADD COLUMN handle TEXT;
UPDATE attempts
  SET handle = json_object('machineId', machine_id, 'bootId', boot_id, 'pid', pid, 'startedAt', pid_started_at)
  WHERE status = 'running' AND pid IS NOT NULL;
ALTER TABLE attempts DROP COLUMN pid;
ALTER TABLE attempts DROP COLUMN pid_started_at;
ALTER TABLE attempts DROP COLUMN boot_id;
`,
};
