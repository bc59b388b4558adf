import { mention } from '../../domain/hint.ts';
import type { JsonObject } from '../../domain/json.ts';
import { UNIT_ACTIONS } from '../../domain/rules/unit-actions.ts';
import type { InputOf, OutputOf } from '../../orchestrator/index.ts';
import { END } from '../../orchestrator/queries/conversation-page.ts';
import { DEFAULT_UNITS, unitCursor } from '../../orchestrator/queries/list-units.ts';
import {
  jsonBytes,
  omittedCount,
  truncate,
  truncateField,
  truncateList,
  truncateMessage,
  truncateObject,
  truncateValue,
} from '../../orchestrator/truncate.ts';
import { asking, more, type NextCall, statusOf } from './next-calls.ts';
import { ANSWER_BYTES, omitted, type Parts, presentParts } from './parts.ts';

/** The longest cursor of a conversation. */
const LONGEST_CURSOR = '0'.repeat(25);
/** Bytes of a payload in a list, and of all rows of a page. */
const PAYLOAD_BYTES = 400;
const PAGE_BYTES = 8000;
const ENTRY_BYTES = 600;
/** Bytes for the parts of a unit: without a page of its conversation, and with one. */
const ROOM = { payload: 2500, result: 2500, attempts: 2500 };
const ROOM_BESIDE_CONVERSATION = { payload: 800, result: 800, attempts: 1500 };

const ROW: Parts = {
  key: (key: string) => ({ key: truncate(key, 200) }),
  payload: (payload: JsonObject) => ({ payload: truncateObject(payload, PAYLOAD_BYTES) }),
  result: (result: string) => ({ result: truncate(result, 300) }),
  message: (message: string) => ({ message: truncateMessage(message, 200) }),
};

/** Presents a page of units: the beginning of each, and as many as fit. */
export function presentUnits(answer: OutputOf<'list_units'>, given: InputOf<'list_units'>): Record<string, unknown> {
  const { job_id, units, total } = answer;
  const { limit = DEFAULT_UNITS, status, failure_class, text } = given;
  const page = truncateList(
    units.map((row) => presentParts(row, ROW)),
    PAGE_BYTES,
  ) as unknown as readonly { unit: number; status: string }[];
  const last = page.at(-1);
  const isCut = page.length < units.length;
  const next_cursor = isCut && last ? unitCursor(last) : answer.next_cursor;
  const asked = {
    ...(status ? { status } : {}),
    ...(failure_class ? { failure_class } : {}),
    ...(text ? { text } : {}),
    limit,
  };
  return {
    job_id,
    units: page,
    ...(total === undefined ? {} : { total }),
    next_cursor,
    ...(isCut ? { note: 'The page was cut to keep the answer small.' } : {}),
    next: nextOfUnits(job_id, page, next_cursor, asked),
  };
}

/** Next calls of a list of units: one of them, a failed one first, and its next page. */
function nextOfUnits(
  jobId: string,
  page: readonly Readonly<{ unit: number; status: string }>[],
  cursor: string | null,
  filter: object,
): NextCall[] {
  const shown = page.find(({ status }) => status === 'failed') ?? page[0];
  if (!shown) return [statusOf(jobId)];
  const why = shown.status === 'failed' ? 'shows why one of them failed' : 'shows one of them in detail';
  return [
    { tool: 'get_unit', arguments: { job_id: jobId, unit: shown.unit }, why },
    ...more('list_units', { job_id: jobId, ...filter }, cursor),
  ];
}

type Unit = OutputOf<'get_unit'>;
type Attempt = Unit['attempts'][number];
type Page = NonNullable<Unit['conversation']>;

/** Presents a unit: its latest attempts and, on request, as much of the conversation as fits. */
export function presentUnit(unit: Unit, given: InputOf<'get_unit'>): Record<string, unknown> {
  const { scope, failure, attempts, conversation } = unit;
  const room = given.conversation || given.cursor ? ROOM_BESIDE_CONVERSATION : ROOM;
  const chosen =
    given.attempt === undefined ? attempts.at(-1) : attempts.find(({ attempt }) => attempt === given.attempt);
  const withResult = attempts.findLast(({ result }) => result !== undefined);
  const shown = truncateList(attempts.map(presentAttempt).toReversed(), room.attempts);
  const terminal = chosen?.continue_in_terminal;
  const answer = {
    job_id: unit.job_id,
    unit: unit.unit,
    ...(scope === 'job' ? { scope } : {}),
    key: truncate(unit.key, 500),
    status: unit.status,
    payload: truncateObject(unit.payload as JsonObject, room.payload),
    ...(failure ? { failure_class: failure.class, message: truncateMessage(failure.message, 600) } : {}),
    ...(unit.status === 'completed' && withResult ? { result: presentResult(withResult, room.result) } : {}),
    attempts: shown.toReversed(),
    ...omittedCount('attempts', attempts.length - shown.length),
    ...(terminal === undefined ? {} : { continue_in_terminal: terminal }),
  };
  const next = (cursor: string | null | undefined) => nextOfUnit(unit, chosen?.attempt, cursor);
  if (!conversation) return { ...answer, next: next(undefined) };
  // The cursor of the next page is known only after this page is made: room for it is kept.
  const left = ANSWER_BYTES - jsonBytes({ ...answer, next: next(LONGEST_CURSOR) });
  const page = given.cursor === END ? presentLastPage(conversation, left) : presentPage(conversation, left);
  return { ...answer, conversation: page, next: next(page.next_cursor) };
}

/**
 * Next calls of a unit: its conversation or the next page of it (`cursor`: undefined = not requested), a retry where that is
 * possible, and its job.
 */
function nextOfUnit(
  { job_id, job_status, needs_person, unit, scope, status }: Unit,
  attempt: number | undefined,
  cursor: string | null | undefined,
): NextCall[] {
  const here = { job_id, unit, ...(scope === 'job' ? { scope } : {}), attempt, conversation: true };
  const retry = { job_id, action: 'retry', units: [unit] };
  const again: NextCall = { tool: 'manage_units', arguments: retry, why: 'retries it' };
  const canRetry =
    scope === 'unit' && status === 'failed' && (UNIT_ACTIONS.retry.jobs as readonly string[]).includes(job_status);
  return [
    ...(attempt !== undefined && cursor === undefined
      ? [{ tool: 'get_unit', arguments: here, why: 'shows its conversation' }]
      : more('get_unit', here, cursor ?? null)),
    ...(canRetry
      ? [asking({ approval: { person: needs_person } }, again, mention('manage_units', { action: 'retry', unit }))]
      : []),
    statusOf(job_id),
  ];
}

const ATTEMPT: Parts = {
  message: (message: string) => ({ message: truncateMessage(message, 500) }),
  tools_denied: (denied: readonly string[], { tools_denied_left_out: missing }: Attempt) =>
    truncateField('tools_denied', denied, 300, missing),
  tools_denied_left_out: omitted,
  files_changed: (changed: readonly string[], { files_changed_left_out: missing }: Attempt) =>
    truncateField('files_changed', changed, 500, missing),
  files_changed_left_out: omitted,
  input_tokens: omitted,
  output_tokens: omitted,
  model: omitted,
  continue_in_terminal: omitted,
  tools_used: omitted,
  ended_at: omitted,
  result: omitted,
};

function presentAttempt(attempt: Attempt): Record<string, unknown> {
  return presentParts(attempt, ATTEMPT);
}

function presentResult({ result }: Attempt, bytes: number): object {
  const { text, structured, artifacts } = result ?? { text: null, artifacts: [] };
  return {
    ...(text === null ? {} : { text: truncate(text, bytes * (structured === undefined ? 0.8 : 0.2)) }),
    ...(structured === undefined ? {} : { structured: truncateValue(structured as never, bytes * 0.6) }),
    ...truncateField('artifacts', artifacts, bytes * 0.2),
  };
}

/** Shows the first entries that fit, at least one; the cursor begins at the first that is left out. */
function presentPage({ entries, next_cursor, ...page }: Page, bytes: number) {
  let room = bytes - jsonBytes({ path: page.path }) - 150;
  const shown: object[] = [];
  for (const { cursor, ...entry } of entries) {
    const brief = { ...entry, text: truncate(entry.text, ENTRY_BYTES) };
    room -= jsonBytes(brief) + 1;
    if (room < 0 && shown.length > 0)
      return { attempt: page.attempt, entries: shown, next_cursor: cursor, path: page.path };
    shown.push(brief);
  }
  return { attempt: page.attempt, entries: shown, next_cursor, path: page.path };
}

/** Shows the last entries that fit, each with its end; at least one. */
function presentLastPage({ entries, attempt, path }: Page, bytes: number) {
  const brief = entries.map(({ cursor: _, ...entry }) => ({
    ...entry,
    text: truncateMessage(entry.text, ENTRY_BYTES),
  }));
  const shown = truncateList(brief.toReversed(), bytes - jsonBytes({ path }) - 150).toReversed();
  return { attempt, entries: shown, next_cursor: null, path };
}
