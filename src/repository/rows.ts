import {
  ATTEMPT_STATUSES,
  type Attempt,
  type AttemptNotes,
  type AttemptPurpose,
  type Handle,
  type UnitResult,
  type Usage,
} from '../domain/attempt.ts';
import { AbpError } from '../domain/error.ts';
import type { EventType, JobEvent } from '../domain/event.ts';
import { FAILURE_CLASSES } from '../domain/failure.ts';
import {
  JOB_STATUSES,
  type Job,
  type JobTest,
  PAUSE_REASONS,
  type PauseReason,
  type Revision,
  type StepNeeds,
} from '../domain/job.ts';
import type { JobOutput, OutputState } from '../domain/job-output.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Lease, ProcessIdentity } from '../domain/lease.ts';
import type { Limits } from '../domain/limits.ts';
import type { Power } from '../domain/power.ts';
import type { StepTally } from '../domain/rules/budget.ts';
import type { Step } from '../domain/step.ts';
import { type Scope, UNIT_STATUSES, type Unit } from '../domain/unit.ts';
import type { UnitWithResult } from '../ports/repository.ts';
import type {
  AttemptsTable,
  EventsTable,
  JobRevisionsTable,
  JobsTable,
  LeasesTable,
  StepTotalsTable,
  UnitsTable,
} from './schema.ts';

/**
 * Stored rows as the domain sees them. The store wrote what it reads, so texts are taken at their word here only: JSON that
 * is none, and a status that does not exist, were not written by it.
 */

const PAUSE_REASON_WORDS = Object.keys(PAUSE_REASONS) as readonly PauseReason[];

function json<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw damagedRow('a column is no JSON', cause);
  }
}

const jsonOrNull = <T>(text: string | null): T | null => (text === null ? null : json<T>(text));

function oneOf<T extends string>(words: readonly T[], word: string): T {
  if ((words as readonly string[]).includes(word)) return word as T;
  throw damagedRow(`${JSON.stringify(String(word).slice(0, 40))} is no ${words.slice(0, 3).join(', ')}…`);
}

function oneOfOrNull<T extends string>(words: readonly T[], word: string | null): T | null {
  return word === null ? null : oneOf(words, word);
}

function damagedRow(found: string, cause?: unknown): AbpError {
  return new AbpError('store_damaged', `A row of the store is damaged: ${found}.`, {
    hint: '`abp doctor` names the file, looks it over and prints how to save what can be read.',
    cause,
  });
}

export function toJob(row: JobsTable): Job {
  return {
    jobId: row.job_id,
    name: row.name,
    status: oneOf(JOB_STATUSES, row.status),
    pauseReason: oneOfOrNull(PAUSE_REASON_WORDS, row.pause_reason),
    pauseClass: oneOfOrNull(FAILURE_CLASSES, row.pause_class),
    pauseMode: row.pause_mode as 'soft' | 'hard' | null,
    statusMessage: row.status_message,
    resumeAt: row.resume_at,
    userIntent: row.user_intent,
    enumeratorType: row.enumerator_type,
    enumeratorConfig: json<JsonObject>(row.enumerator_config),
    fields: json<string[]>(row.fields),
    totalUnits: row.total_units,
    revision: row.revision,
    maxWorkers: row.max_workers,
    testUnits: row.test_units,
    test: jsonOrNull<JobTest>(row.test),
    requireHumanApproval: row.require_human_approval === 1,
    powers: json<Power[]>(row.powers),
    approvedDefinition: row.approved_definition,
    redactResults: row.redact_results === 1,
    jobStepsBegun: row.job_steps_begun === 1,
    askedJobStep: row.asked_job_step,
    output: jsonOrNull<JobOutput>(row.output),
    outputState: jsonOrNull<OutputState>(row.output_state),
    request: row.request_id === null ? null : { id: row.request_id, hash: row.request_hash ?? '' },
    batchFile: row.batch_file,
    carriedOutBy: jsonOrNull<ProcessIdentity>(row.carried_out_by),
    home: row.home,
    workingDirectory: row.working_directory,
    outputDirectory: row.output_directory,
    passEnv: json<string[]>(row.pass_env),
    executorsLost: row.executors_lost,
    costUsd: row.cost_usd,
    costEstimated: row.cost_estimated === 1,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    eventSeq: row.event_seq,
  };
}

export function toStepTally(row: StepTotalsTable): StepTally {
  const base = json<{ tried: number; byClass: StepTally['breakerBaseByClass'] }>(row.breaker_base);
  return {
    scope: row.scope as Scope,
    step: row.step,
    unitsTried: row.units_tried,
    costUsd: row.cost_usd,
    maxAttemptCostUsd: row.max_attempt_cost_usd,
    breakerBaseTried: base.tried,
    breakerBaseByClass: base.byClass,
  };
}

export function toRevision(row: JobRevisionsTable): Revision {
  return {
    jobId: row.job_id,
    revision: row.revision,
    steps: json<Step[]>(row.steps),
    limits: json<Limits>(row.limits),
    note: row.note,
    createdAt: row.created_at,
    needs: jsonOrNull<StepNeeds>(row.needs),
  };
}

export function toUnit(row: UnitsTable): Unit {
  return {
    jobId: row.job_id,
    scope: row.scope as Scope,
    index: row.idx,
    key: row.key ?? String(row.idx),
    payload: json<JsonObject>(row.payload),
    step: row.step,
    status: oneOf(UNIT_STATUSES, row.status),
    attempt: row.attempt,
    retriesUsed: row.retries_used,
    deferrals: row.deferrals,
    interruptions: row.interruptions,
    notBefore: row.not_before,
    failureClass: oneOfOrNull(FAILURE_CLASSES, row.failure_class),
    failureMessage: row.failure_message,
  };
}

export function toAttempt(row: AttemptsTable): Attempt {
  return {
    jobId: row.job_id,
    scope: row.scope as Scope,
    index: row.idx,
    attempt: row.attempt,
    step: row.step,
    purpose: row.purpose as AttemptPurpose,
    status: oneOf(ATTEMPT_STATUSES, row.status),
    revision: row.revision,
    epoch: row.epoch,
    attemptId: row.attempt_id,
    runDirectory: row.run_directory,
    machineId: row.machine_id,
    handle: jsonOrNull<Handle>(row.handle),
    deadlineAt: row.deadline_at,
    reservedUsd: row.reserved_usd,
    failureClass: oneOfOrNull(FAILURE_CLASSES, row.failure_class),
    message: row.message,
    result: jsonOrNull<UnitResult>(row.result),
    usage: json<Usage>(row.usage),
    notes: jsonOrNull<AttemptNotes>(row.notes),
    startedAt: row.started_at,
    endedAt: row.ended_at,
    judges: row.judges,
  };
}

/** A unit of an export, with what all its attempts used. */
export type ExportedRow = Pick<
  UnitsTable,
  'idx' | 'key' | 'step' | 'status' | 'payload' | 'attempt' | 'failure_class' | 'failure_message'
> & { readonly used: string | null };

/** The present result of a unit at a step. */
export type ResultRow = Pick<UnitsTable, 'idx' | 'step'> & { readonly result: string };

export function toResult(row: ExportedRow, results: readonly ResultRow[]): UnitWithResult {
  const { costUsd = null, durationMs = null } = jsonOrNull<Partial<UnitWithResult['used']>>(row.used) ?? {};
  return {
    unit: {
      index: row.idx,
      key: row.key ?? String(row.idx),
      step: row.step,
      status: oneOf(UNIT_STATUSES, row.status),
      payload: json<JsonObject>(row.payload),
      attempt: row.attempt,
      failureClass: oneOfOrNull(FAILURE_CLASSES, row.failure_class),
      failureMessage: row.failure_message,
    },
    results: new Map(results.map(({ step, result }) => [step, json<UnitResult>(result)])),
    used: { costUsd, durationMs },
  };
}

export function toEvent(row: EventsTable): JobEvent {
  return {
    jobId: row.job_id,
    seq: row.seq,
    at: row.at,
    type: row.type as EventType,
    scope: row.scope as Scope | null,
    index: row.idx,
    attempt: row.attempt,
    data: json<JsonObject>(row.data),
  };
}

export function toLease(row: LeasesTable): Lease {
  return {
    jobId: row.job_id,
    epoch: row.epoch,
    owner: row.owner,
    pid: row.pid,
    startedAt: row.pid_started_at,
    bootId: row.boot_id,
    machineId: row.machine_id,
    heartbeat: row.heartbeat,
    leaseMs: row.lease_ms,
    acquiredAt: row.acquired_at,
    released: row.released === 1,
  };
}
