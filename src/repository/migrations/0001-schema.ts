import type { Migration } from './index.ts';

/**
 * The schema. A trigger keeps the counters of units, so that they change in the transaction of the rows, whichever process
 * writes; bulk inserts add theirs themselves (one row a chunk instead of one a unit). Units have no rowid: appended in
 * primary-key order they cost one B-tree write each. Partial indexes cost the bulk insert nothing; unique keys have a table of
 * their own, which is filled in its order once all units of a source are stored. The statistics describe a large job:
 * without them SQLite walks through all units of a job instead of the few in a status (docs/decisions/0009-unit-table.md).
 */
export const schema: Migration = {
  version: 1,
  name: 'schema',
  sql: `
CREATE TABLE jobs (
  job_id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  status TEXT NOT NULL,
  pause_reason TEXT,
  pause_class TEXT,
  pause_mode TEXT,
  status_message TEXT,
  resume_at INTEGER,
  user_intent TEXT NOT NULL,
  enumerator_type TEXT NOT NULL,
  enumerator_config TEXT NOT NULL,
  fields TEXT NOT NULL DEFAULT '[]',
  total_units INTEGER NOT NULL DEFAULT 0,
  revision INTEGER NOT NULL DEFAULT 1,
  max_workers INTEGER NOT NULL,
  test_units INTEGER NOT NULL,
  test TEXT,
  require_human_approval INTEGER NOT NULL DEFAULT 0,
  powers TEXT NOT NULL DEFAULT '[]',
  approved_definition TEXT,
  redact_results INTEGER NOT NULL DEFAULT 1,
  job_steps_begun INTEGER NOT NULL DEFAULT 0,
  asked_job_step INTEGER,
  output TEXT,
  output_state TEXT,
  request_id TEXT,
  request_hash TEXT,
  batch_file TEXT,
  carried_out_by TEXT,
  home TEXT,
  working_directory TEXT NOT NULL,
  output_directory TEXT NOT NULL,
  pass_env TEXT NOT NULL DEFAULT '[]',
  executors_lost INTEGER NOT NULL DEFAULT 0,
  cost_usd REAL NOT NULL DEFAULT 0,
  cost_estimated INTEGER NOT NULL DEFAULT 0,
  input_tokens INTEGER NOT NULL DEFAULT 0,
  output_tokens INTEGER NOT NULL DEFAULT 0,
  last_started_at INTEGER NOT NULL DEFAULT 0,
  breaker_since INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  ended_at INTEGER,
  event_seq INTEGER NOT NULL DEFAULT 0,
  deleting INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX jobs_created ON jobs (created_at, job_id);
CREATE INDEX jobs_by_status ON jobs (status, created_at, job_id);
CREATE INDEX jobs_by_definition ON jobs (approved_definition) WHERE approved_definition IS NOT NULL;
CREATE UNIQUE INDEX jobs_by_request ON jobs (request_id) WHERE request_id IS NOT NULL AND deleting = 0;
CREATE INDEX jobs_by_batch_file ON jobs (batch_file) WHERE batch_file IS NOT NULL;
CREATE INDEX jobs_with_output_due ON jobs (job_id) WHERE output_state ->> 'state' = 'due';

CREATE TABLE job_revisions (
  job_id TEXT NOT NULL REFERENCES jobs,
  revision INTEGER NOT NULL,
  steps TEXT NOT NULL,
  limits TEXT NOT NULL,
  needs TEXT,
  note TEXT,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (job_id, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE units (
  job_id TEXT NOT NULL REFERENCES jobs,
  scope TEXT NOT NULL DEFAULT 'unit',
  idx INTEGER NOT NULL,
  key TEXT,
  payload TEXT NOT NULL,
  step INTEGER NOT NULL DEFAULT 0,
  status TEXT NOT NULL DEFAULT 'pending',
  attempt INTEGER NOT NULL DEFAULT 0,
  retries_used INTEGER NOT NULL DEFAULT 0,
  deferrals INTEGER NOT NULL DEFAULT 0,
  interruptions INTEGER NOT NULL DEFAULT 0,
  not_before INTEGER NOT NULL DEFAULT 0,
  failure_class TEXT,
  failure_message TEXT,
  PRIMARY KEY (job_id, scope, idx)
) STRICT, WITHOUT ROWID;
CREATE INDEX units_by_status ON units (job_id, scope, status, idx);
CREATE INDEX units_later ON units (job_id, scope, step DESC, idx)
  WHERE status = 'pending' AND step > 0 AND not_before = 0;
CREATE INDEX units_waiting ON units (job_id, scope, not_before) WHERE status = 'pending' AND not_before > 0;
CREATE INDEX units_alone ON units (job_id, scope, idx) WHERE status = 'pending' AND interruptions >= 2;
CREATE INDEX units_by_class ON units (job_id, scope, failure_class, idx) WHERE failure_class IS NOT NULL;

CREATE TABLE unit_keys (
  job_id TEXT NOT NULL REFERENCES jobs,
  key TEXT NOT NULL,
  idx INTEGER NOT NULL,
  PRIMARY KEY (job_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE unit_counts (
  job_id TEXT NOT NULL REFERENCES jobs,
  scope TEXT NOT NULL,
  step INTEGER NOT NULL DEFAULT 0,
  status TEXT NOT NULL,
  failure_class TEXT NOT NULL DEFAULT '',
  count INTEGER NOT NULL,
  PRIMARY KEY (job_id, scope, step, status, failure_class)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER units_counted AFTER UPDATE OF step, status, failure_class ON units
WHEN OLD.status IS NOT NEW.status OR OLD.failure_class IS NOT NEW.failure_class OR OLD.step IS NOT NEW.step BEGIN
  UPDATE unit_counts SET count = count - 1
    WHERE job_id = OLD.job_id AND scope = OLD.scope AND step = OLD.step AND status = OLD.status
      AND failure_class = ifnull(OLD.failure_class, '');
  INSERT INTO unit_counts (job_id, scope, step, status, failure_class, count)
    VALUES (NEW.job_id, NEW.scope, NEW.step, NEW.status, ifnull(NEW.failure_class, ''), 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TABLE step_totals (
  job_id TEXT NOT NULL REFERENCES jobs,
  scope TEXT NOT NULL,
  step INTEGER NOT NULL,
  units_tried INTEGER NOT NULL DEFAULT 0,
  cost_usd REAL NOT NULL DEFAULT 0,
  max_attempt_cost_usd REAL NOT NULL DEFAULT 0,
  breaker_base TEXT NOT NULL DEFAULT '{"tried":0,"byClass":{}}',
  PRIMARY KEY (job_id, scope, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
  job_id TEXT NOT NULL REFERENCES jobs,
  scope TEXT NOT NULL,
  idx INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  step INTEGER NOT NULL,
  purpose TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'running',
  revision INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  attempt_id TEXT NOT NULL,
  run_directory TEXT NOT NULL,
  machine_id TEXT,
  handle TEXT,
  deadline_at INTEGER,
  reserved_usd REAL NOT NULL DEFAULT 0,
  failure_class TEXT,
  message TEXT,
  result TEXT,
  cost_usd REAL,
  cost_estimated INTEGER NOT NULL DEFAULT 0,
  usage TEXT NOT NULL DEFAULT '{}',
  notes TEXT,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  judges INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (job_id, scope, idx, attempt)
) STRICT;
CREATE INDEX attempts_running ON attempts (job_id) WHERE status = 'running';
CREATE INDEX attempts_ended ON attempts (job_id, ended_at, status, cost_usd) WHERE ended_at IS NOT NULL;

CREATE TABLE results (
  job_id TEXT NOT NULL REFERENCES jobs,
  scope TEXT NOT NULL,
  idx INTEGER NOT NULL,
  step INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  PRIMARY KEY (job_id, scope, idx, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  job_id TEXT NOT NULL REFERENCES jobs,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  type TEXT NOT NULL,
  scope TEXT,
  idx INTEGER,
  attempt INTEGER,
  data TEXT NOT NULL DEFAULT '{}',
  PRIMARY KEY (job_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX events_of_job ON events (job_id, seq) WHERE idx IS NULL;

CREATE TABLE leases (
  job_id TEXT PRIMARY KEY REFERENCES jobs,
  epoch INTEGER NOT NULL,
  owner TEXT NOT NULL,
  machine_id TEXT,
  boot_id TEXT,
  pid INTEGER NOT NULL,
  pid_started_at TEXT,
  heartbeat INTEGER NOT NULL DEFAULT 0,
  lease_ms INTEGER NOT NULL,
  acquired_at INTEGER NOT NULL,
  released INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX leases_held ON leases (job_id) WHERE released = 0;

CREATE TABLE quotas (
  type TEXT PRIMARY KEY,
  closed_until INTEGER NOT NULL,
  reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE approvals (
  definition TEXT PRIMARY KEY,
  about TEXT NOT NULL,
  title TEXT NOT NULL,
  powers TEXT NOT NULL,
  files TEXT NOT NULL,
  source TEXT,
  terms TEXT,
  requested_at INTEGER NOT NULL,
  approved_at INTEGER,
  approved_by TEXT,
  revoked_at INTEGER,
  tested_at INTEGER
) STRICT, WITHOUT ROWID;

ANALYZE;
DELETE FROM sqlite_stat1;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('units', 'units', '1000000 1000000 1000000 1'),
  ('units', 'units_by_status', '1000000 1000000 1000000 200000 1');
ANALYZE sqlite_schema;
`,
};
