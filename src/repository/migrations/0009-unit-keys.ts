import type { Migration } from './index.ts';

/**
 * Moves the unique keys of units from an index into a table of their own. An index takes each key as its unit comes, at a
 * random place; the table is filled in its order once all units of a source are stored. Of the statistics only those stay
 * that change a plan (docs/decisions/0009-unit-table.md).
 */
export const unitKeys: Migration = {
  version: 9,
  name: 'unit keys',
  sql: `
CREATE TABLE unit_keys (
  job_id TEXT NOT NULL REFERENCES jobs,
  key TEXT NOT NULL,
  idx INTEGER NOT NULL,
  PRIMARY KEY (job_id, key)
) STRICT, WITHOUT ROWID;
INSERT INTO unit_keys (job_id, key, idx)
  SELECT job_id, key, idx FROM units WHERE stage = 'main' AND key IS NOT NULL ORDER BY job_id, key;
DROP INDEX units_by_key;
DELETE FROM sqlite_stat1 WHERE idx NOT IN ('units', 'units_by_status');
ANALYZE sqlite_schema;
`,
};
