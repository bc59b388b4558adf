import { z } from 'zod';
import { type Attempt, attemptDurationMs } from '../../domain/attempt.ts';
import { AbpError } from '../../domain/error.ts';
import type { Job } from '../../domain/job.ts';
import { usd } from '../../domain/money.ts';
import { UNIT_ACTIONS } from '../../domain/rules/unit-actions.ts';
import { UNIT_STATUSES, type Unit } from '../../domain/unit.ts';
import type { UnitFilter, UnitWithAttempt } from '../../ports/repository.ts';
import { nextOfUnit, nextOfUnits } from '../next-calls.ts';
import { EVERYWHERE, type OrchestratorDeps, operation, requireStoredJob } from '../operation.ts';
import { badCursor, cursor, failureClass, iso, jobId, unitIndex } from '../shapes.ts';
import {
  ANSWER_BYTES,
  jsonBytes,
  omittedCount,
  truncate,
  truncateField,
  truncateList,
  truncateMessage,
  truncateObject,
  truncateValue,
} from '../truncate.ts';
import { conversationPage, DEFAULT_ENTRIES } from './conversation-page.ts';
import { resultText } from './job-status.ts';
import { terminalCommand } from './terminal-command.ts';

const DEFAULT_UNITS = 20;
/** The longest cursor of a conversation. */
const LONGEST_CURSOR = '0'.repeat(25);
/** Bytes of a payload in a list, and of all rows of a page. */
const PAYLOAD_BYTES = 400;
const PAGE_BYTES = 8000;
/** Bytes for the parts of a unit: without a page of its conversation, and with one. */
const ROOM = { payload: 2500, result: 2500, attempts: 2500 };
const ROOM_BESIDE_CONVERSATION = { payload: 800, result: 800, attempts: 1500 };

/** Lists units of a job by page. */
export const listUnits = operation({
  name: 'list_units',
  title: 'Units of a job',
  interfaces: EVERYWHERE,
  description:
    'Lists units of a job in index order: payload, status, attempts, cost and the beginning of the result or the failure. Filter by status, failure class or text; page with cursor. One unit in full: get_unit; all results: export_results.',
  input: z.strictObject({
    job_id: jobId,
    status: z.array(z.enum(UNIT_STATUSES)).min(1).max(6).optional(),
    failure_class: failureClass.optional(),
    text: z.string().max(200).optional().describe('Part of the payload or key'),
    limit: z.int().min(1).max(100).optional().describe(`Default ${DEFAULT_UNITS}`),
    cursor: cursor.optional(),
  }),
  output: z.looseObject({
    job_id: z.string(),
    units: z.array(z.looseObject({ unit: z.int(), key: z.string(), status: z.string() })),
    total: z.int().optional(),
    next_cursor: z.string().nullable(),
  }),
  effect: 'read',
  async run(deps, { job_id, status, failure_class, text, limit = DEFAULT_UNITS, cursor: after }) {
    await requireStoredJob(deps, job_id);
    const filter = {
      ...(status ? { statuses: status } : {}),
      ...(failure_class ? { failureClass: failure_class } : {}),
    };
    const rows = await deps.repository.units.list(
      job_id,
      { ...filter, ...(text ? { text } : {}), ...(after ? { after: parseIndex(after) } : {}) },
      limit + 1,
    );
    const page = truncateList(rows.slice(0, limit).map(unitRow), PAGE_BYTES);
    const left = rows.length > page.length;
    const next_cursor = left ? String(page.at(-1)?.unit ?? '') : null;
    const asked = {
      ...(status ? { status } : {}),
      ...(failure_class ? { failure_class } : {}),
      ...(text ? { text } : {}),
      limit,
    };
    return {
      job_id,
      units: [...page],
      ...(text ? {} : { total: await totalOf(deps, job_id, filter) }),
      next_cursor,
      ...(left && page.length < limit ? { note: 'The page was cut to keep the answer small.' } : {}),
      next: nextOfUnits(job_id, page, next_cursor, asked),
    };
  },
});

/** Counts the units on all pages, from the counters. */
async function totalOf(
  { repository: { units } }: OrchestratorDeps,
  jobId: string,
  filter: UnitFilter,
): Promise<number> {
  const { statuses = UNIT_STATUSES, failureClass: inClass } = filter;
  const slices = await Promise.all(
    statuses.map((status) => units.slice(jobId, { status, ...(inClass ? { failureClass: inClass } : {}) }, 0, 0)),
  );
  return slices.reduce((sum, { total }) => sum + total, 0);
}

/** Returns one unit with its attempts, its result and, on request, a page of its conversation; truncated. */
export const getUnit = operation({
  name: 'get_unit',
  title: 'One unit in detail',
  interfaces: EVERYWHERE,
  description:
    'Shows one unit: payload, attempts with cost and failure, the result, and with conversation=true one page of what its agent said and did. Long texts are truncated; the paths lead to the full text.',
  input: z.strictObject({
    job_id: jobId,
    unit: unitIndex,
    stage: z.enum(['main', 'post']).optional().describe('post: the post-processing unit'),
    attempt: z.int().min(1).max(100_000).optional().describe('Which attempt; default the latest'),
    conversation: z.boolean().optional().describe('Include a page of the conversation'),
    limit: z.int().min(1).max(100).optional().describe(`Entries of the conversation; default ${DEFAULT_ENTRIES}`),
    cursor: cursor.optional().describe('next_cursor of the previous page; end: the last page'),
  }),
  output: z.looseObject({
    job_id: z.string(),
    unit: z.int(),
    key: z.string(),
    status: z.string(),
    attempts: z.array(z.looseObject({ attempt: z.int(), status: z.string() })),
  }),
  effect: 'read',
  async run(deps, { job_id, unit: index, stage = 'main', attempt: number, conversation, limit, cursor: from }) {
    const job = await requireStoredJob(deps, job_id);
    const ref = { jobId: job_id, stage, index };
    const unit = await deps.repository.units.get(ref);
    if (!unit) {
      throw new AbpError('not_found', `${job_id} has no unit ${index}${stage === 'post' ? ' of stage post' : ''}.`, {
        hint: stage === 'post' ? postUnitOf(job) : `It has units 0 to ${job.totalUnits - 1}.`,
      });
    }
    const attempts = await deps.repository.attempts.ofUnit(ref);
    const chosen = number === undefined ? attempts.at(-1) : attempts.find((attempt) => attempt.attempt === number);
    if (number !== undefined && !chosen) {
      throw new AbpError('not_found', `Unit ${index} of ${job_id} has no attempt ${number}.`, {
        hint: `It has ${attempts.length}.`,
      });
    }
    const terminal = chosen ? await terminalCommand(deps, job, unit, chosen) : null;
    const wantsConversation = conversation ?? (from !== undefined && from !== '');
    const room = wantsConversation ? ROOM_BESIDE_CONVERSATION : ROOM;
    const withResult = attempts.findLast((attempt) => attempt.result !== null);
    const shownAttempts = truncateList(
      attempts.map((attempt) => attemptRow(deps, attempt)).toReversed(),
      room.attempts,
    );
    const answer = {
      job_id,
      unit: index,
      ...(stage === 'post' ? { stage } : {}),
      key: truncate(unit.key, 500),
      status: unit.status,
      payload: truncateObject(unit.payload, room.payload),
      ...(unit.failureClass
        ? { failure_class: unit.failureClass, message: truncateMessage(unit.failureMessage ?? '', 600) }
        : {}),
      ...(unit.status === 'completed' && withResult ? { result: shortResult(withResult, room.result) } : {}),
      attempts: shownAttempts.toReversed(),
      ...omittedCount('attempts', attempts.length - shownAttempts.length),
      ...(terminal ? { continue_in_terminal: terminal } : {}),
    };
    const canRetry = stage === 'main' && unit.status === 'failed' && UNIT_ACTIONS.retry.jobs.includes(job.status);
    const nextWith = (read: string | null | undefined) => nextOfUnit(job, unit, chosen?.attempt, canRetry, read);
    if (!wantsConversation || !chosen) return { ...answer, next: nextWith(undefined) };
    // The cursor of the next page is known only after this page is made: room for it is kept.
    const left = ANSWER_BYTES - jsonBytes({ ...answer, next: nextWith(LONGEST_CURSOR) });
    const page = await conversationPage(deps, chosen, left, limit, from);
    return { ...answer, conversation: page, next: nextWith(page.next_cursor) };
  },
});

function postUnitOf(job: Job): string {
  if (!job.postProcessing) return 'It was created without post-processing.';
  return 'Of stage post it has unit 0, once its post-processing has begun.';
}

function parseIndex(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw badCursor(text);
  return Number(text);
}

/** One row of a list. */
export function unitRow({ unit, attempt }: UnitWithAttempt) {
  return {
    unit: unit.index,
    key: truncate(unit.key, 200),
    status: unit.status,
    payload: truncateObject(unit.payload, PAYLOAD_BYTES),
    attempts: unit.attempt,
    ...(unit.status === 'completed' && attempt?.result ? { result: truncate(resultText(attempt.result), 300) } : {}),
    ...(unit.failureClass
      ? { failure_class: unit.failureClass, message: truncateMessage(unit.failureMessage ?? '', 200) }
      : {}),
    ...(backOffOf(unit) ?? {}),
    ...(attempt?.usage.costUsd === undefined ? {} : { cost_usd: usd(attempt.usage.costUsd) }),
    ...(attempt?.endedAt ? { duration_s: attemptDurationMs(attempt, attempt.endedAt) / 1000 } : {}),
  };
}

function backOffOf(unit: Unit): { not_before: string } | null {
  return unit.status === 'pending' && unit.notBefore > 0 ? { not_before: iso(unit.notBefore) } : null;
}

function shortResult({ result }: Attempt, bytes: number) {
  const { text, structured, artifacts } = result ?? { text: null };
  return {
    ...(text === null ? {} : { text: truncate(text, bytes * (structured === undefined ? 0.8 : 0.2)) }),
    ...(structured === undefined ? {} : { structured: truncateValue(structured, bytes * 0.6) }),
    ...truncateField('artifacts', artifacts, bytes * 0.2),
  };
}

function attemptRow(deps: OrchestratorDeps, attempt: Attempt) {
  const { usage } = attempt;
  return {
    attempt: attempt.attempt,
    purpose: attempt.purpose,
    status: attempt.status,
    revision: attempt.revision,
    ...(attempt.failureClass
      ? { failure_class: attempt.failureClass, message: truncateMessage(attempt.message ?? '', 500) }
      : {}),
    ...(usage.costUsd === undefined ? {} : { cost_usd: usd(usage.costUsd) }),
    ...(usage.costEstimated ? { cost_estimated: true } : {}),
    ...(usage.turns === undefined ? {} : { turns: usage.turns }),
    ...(usage.sessionId ? { session_id: usage.sessionId } : {}),
    ...truncateField('tools_denied', attempt.notes?.toolsDenied, 300),
    ...truncateField('files_changed', attempt.notes?.filesChanged, 500),
    ...(attempt.notes?.remarks ? { remarks: attempt.notes.remarks } : {}),
    ...(attempt.notes?.secretsRemoved ? { secrets_removed: attempt.notes.secretsRemoved } : {}),
    started_at: iso(attempt.startedAt),
    duration_s: attemptDurationMs(attempt, deps.clock.now()) / 1000,
    run_directory: attempt.runDirectory,
  };
}
