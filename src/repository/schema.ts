/** The tables as Kysely sees them: one interface a table, columns as stored. JSON columns hold text. */
export interface JobsTable {
  job_id: string;
  name: string;
  status: string;
  pause_reason: string | null;
  pause_class: string | null;
  pause_mode: string | null;
  status_message: string | null;
  resume_at: number | null;
  user_intent: string;
  enumerator_type: string;
  enumerator_config: string;
  fields: string;
  total_units: number;
  revision: number;
  max_workers: number;
  test_units: number;
  test: string | null;
  require_human_approval: number;
  powers: string;
  approved_definition: string | null;
  redact_results: number;
  job_steps_begun: number;
  asked_job_step: number | null;
  output: string | null;
  output_state: string | null;
  request_id: string | null;
  request_hash: string | null;
  batch_file: string | null;
  carried_out_by: string | null;
  home: string | null;
  working_directory: string;
  output_directory: string;
  pass_env: string;
  executors_lost: number;
  cost_usd: number;
  cost_estimated: number;
  input_tokens: number;
  output_tokens: number;
  last_started_at: number;
  breaker_since: number;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
  event_seq: number;
  deleting: number;
}

export interface JobRevisionsTable {
  job_id: string;
  revision: number;
  steps: string;
  limits: string;
  note: string | null;
  created_at: number;
  needs: string | null;
}

export interface UnitsTable {
  job_id: string;
  scope: string;
  idx: number;
  /** null = the index is the key. */
  key: string | null;
  payload: string;
  step: number;
  status: string;
  attempt: number;
  retries_used: number;
  deferrals: number;
  interruptions: number;
  not_before: number;
  failure_class: string | null;
  failure_message: string | null;
}

export interface UnitKeysTable {
  job_id: string;
  key: string;
  idx: number;
}

export interface UnitCountsTable {
  job_id: string;
  scope: string;
  step: number;
  status: string;
  /** '' = none. */
  failure_class: string;
  count: number;
}

export interface StepTotalsTable {
  job_id: string;
  scope: string;
  step: number;
  units_tried: number;
  cost_usd: number;
  max_attempt_cost_usd: number;
  breaker_base: string;
}

export interface AttemptsTable {
  job_id: string;
  scope: string;
  idx: number;
  attempt: number;
  step: number;
  purpose: string;
  status: string;
  revision: number;
  epoch: number;
  attempt_id: string;
  run_directory: string;
  machine_id: string | null;
  handle: string | null;
  deadline_at: number | null;
  reserved_usd: number;
  failure_class: string | null;
  message: string | null;
  result: string | null;
  cost_usd: number | null;
  cost_estimated: number;
  usage: string;
  notes: string | null;
  started_at: number;
  ended_at: number | null;
  judges: number;
}

export interface ResultsTable {
  job_id: string;
  scope: string;
  idx: number;
  step: number;
  attempt: number;
}

export interface EventsTable {
  job_id: string;
  seq: number;
  at: number;
  type: string;
  scope: string | null;
  idx: number | null;
  attempt: number | null;
  data: string;
}

export interface LeasesTable {
  job_id: string;
  epoch: number;
  owner: string;
  pid: number;
  pid_started_at: string | null;
  boot_id: string | null;
  machine_id: string | null;
  heartbeat: number;
  lease_ms: number;
  acquired_at: number;
  released: number;
}

export interface QuotasTable {
  type: string;
  closed_until: number;
  reason: string;
}

export interface ApprovalsTable {
  definition: string;
  about: string;
  title: string;
  powers: string;
  files: string;
  source: string | null;
  requested_at: number;
  approved_at: number | null;
  approved_by: string | null;
  revoked_at: number | null;
  terms: string | null;
  tested_at: number | null;
}

export interface Tables {
  jobs: JobsTable;
  job_revisions: JobRevisionsTable;
  units: UnitsTable;
  unit_keys: UnitKeysTable;
  unit_counts: UnitCountsTable;
  step_totals: StepTotalsTable;
  attempts: AttemptsTable;
  results: ResultsTable;
  events: EventsTable;
  leases: LeasesTable;
  quotas: QuotasTable;
  approvals: ApprovalsTable;
}
