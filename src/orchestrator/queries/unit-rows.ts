import { z } from 'zod';
import { attemptDurationMs } from '../../domain/attempt.ts';
import { cut, cutMiddle } from '../../domain/cut.ts';
import { FAILURE_CLASSES, type FailureClass } from '../../domain/failure.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { usd } from '../../domain/money.ts';
import { stepsOf } from '../../domain/step.ts';
import { UNIT_STATUSES, type UnitStatus } from '../../domain/unit.ts';
import type { UnitFilter, UnitWithAttempt } from '../../ports/repository.ts';
import { type OrchestratorDeps, operation, requireJob, SCREENS } from '../operation.ts';
import { iso, jobId } from '../shapes.ts';

const DEFAULT_ROWS = 100;
const CELL_CHARS = 200;
const SHOWN_COLUMNS = 40;
/** A search looks at so many units, then lets others have their turn; and at so many in all for one answer. */
const SEARCH_STEP = 5_000;
const SEARCH_LIMIT = 50_000;

const count = z.int().min(0);

const row = z.object({
  unit: count,
  key: z.string(),
  status: z.enum(UNIT_STATUSES),
  attempts: count,
  failure_class: z.string().optional(),
  message: z.string().optional(),
  not_before: z.string().optional(),
  cost_usd: z.number().optional(),
  duration_s: z.number().optional(),
  payload: z.record(z.string(), z.unknown()),
  result: z.record(z.string(), z.unknown()).optional(),
});

/** One page, anywhere, of the table of a job's units. */
export const unitRows = operation({
  name: 'unit_rows',
  title: 'Units as rows of a table',
  interfaces: SCREENS,
  description:
    'Units with payload and structured result as cells, from any position of the table as it is filtered by status and failure class. With text it searches onwards from a unit instead, so many units at a time: scanned_to says how far it came, next_after where to go on.',
  input: z.strictObject({
    job_id: jobId,
    status: z.enum(UNIT_STATUSES).optional(),
    failure_class: z.enum(FAILURE_CLASSES as readonly [FailureClass, ...FailureClass[]]).optional(),
    text: z.string().max(200).optional().describe('Part of the payload or key'),
    offset: count.max(1_000_000_000).optional().describe('Rows to skip; not with text'),
    after: z.int().min(-1).optional().describe('With text: only units beyond this index'),
    limit: z.int().min(1).max(500).optional().describe(`Default ${DEFAULT_ROWS}`),
  }),
  output: z.object({
    job_id: z.string(),
    columns: z.object({ payload: z.array(z.string()).readonly(), result: z.array(z.string()).readonly() }),
    rows: z.array(row),
    /** Rows of the filtered table; with text unknown. */
    total: count.nullable(),
    next_after: z.int().nullable(),
    scanned_to: z.int().nullable(),
  }),
  effect: 'read',
  async run(deps, { job_id, status, failure_class, text, offset = 0, after = -1, limit = DEFAULT_ROWS }) {
    const job = await requireJob(deps, job_id);
    const found = text
      ? await search(deps, job_id, { status, failure_class, text }, after, limit, job.totalUnits - 1)
      : await page(deps, job_id, { status, failure_class }, offset, limit);
    const rows = found.units.map(toRow);
    const revision = await deps.repository.jobs.revision(job_id, job.revision);
    const schema = revision ? (stepsOf(revision, 'unit').at(-1)?.outputSchema ?? null) : null;
    const columns = { payload: job.fields.slice(0, SHOWN_COLUMNS), result: resultColumns(schema, rows) };
    return { job_id, columns, rows, total: found.total, next_after: found.nextAfter, scanned_to: found.scannedTo };
  },
});

interface Filter {
  readonly status: UnitStatus | undefined;
  readonly failure_class: FailureClass | undefined;
}

interface Found {
  readonly units: readonly UnitWithAttempt[];
  readonly total: number | null;
  readonly nextAfter: number | null;
  readonly scannedTo: number | null;
}

/** A failure class without a status means those that failed in it for good. */
async function page(
  { repository }: OrchestratorDeps,
  jobId: string,
  filter: Filter,
  offset: number,
  limit: number,
): Promise<Found> {
  const { units } = repository;
  const { failure_class: failureClass, status = failureClass && 'failed' } = filter;
  const known = { nextAfter: null, scannedTo: null };
  if (status === undefined) {
    // Indexes have no gaps: a position is an index.
    return {
      ...known,
      units: await units.list(jobId, { after: offset - 1 }, limit),
      total: (await units.counts(jobId)).total,
    };
  }
  const { indexes, total } = await units.slice(
    jobId,
    { status, ...(failureClass ? { failureClass } : {}) },
    offset,
    limit,
  );
  return { ...known, units: indexes.length > 0 ? await units.list(jobId, { indexes }, limit) : [], total };
}

/** Looks through a bounded part of the job, in steps short enough for others. */
async function search(
  { repository }: OrchestratorDeps,
  jobId: string,
  { status, failure_class, text }: Filter & { readonly text: string },
  after: number,
  limit: number,
  last: number,
): Promise<Found> {
  const end = Math.min(last, after + SEARCH_LIMIT);
  const units: UnitWithAttempt[] = [];
  let scannedTo = after;
  while (scannedTo < end && units.length < limit) {
    const upTo = Math.min(end, scannedTo + SEARCH_STEP);
    const filter: UnitFilter = {
      text,
      after: scannedTo,
      upTo,
      ...(status ? { statuses: [status] } : {}),
      ...(failure_class ? { failureClass: failure_class } : {}),
    };
    const step = await repository.units.list(jobId, filter, limit - units.length);
    units.push(...step);
    scannedTo = units.length === limit ? (units.at(-1)?.unit.index ?? upTo) : upTo;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { units, total: null, nextAfter: scannedTo < last ? scannedTo : null, scannedTo };
}

function toRow({ unit, attempt }: UnitWithAttempt): z.input<typeof row> {
  const costUsd = attempt?.usage.costUsd;
  const done = unit.status === 'completed' ? attempt?.result : null;
  return {
    unit: unit.index,
    key: cut(unit.key, CELL_CHARS),
    status: unit.status,
    attempts: unit.attempt,
    ...(unit.failureClass
      ? { failure_class: unit.failureClass, message: cutMiddle(unit.failureMessage ?? '', 300) }
      : {}),
    ...(unit.status === 'pending' && unit.notBefore > 0 ? { not_before: iso(unit.notBefore) } : {}),
    ...(costUsd === undefined ? {} : { cost_usd: usd(costUsd) }),
    ...(attempt?.endedAt ? { duration_s: attemptDurationMs(attempt, attempt.endedAt) / 1000 } : {}),
    payload: cells(unit.payload),
    ...(done ? { result: resultCells(done.structured, done.text) } : {}),
  };
}

/** An object's fields are cells; any other result is one cell called `result`. */
function resultCells(structured: Json | undefined, text: string | null): Record<string, Json> {
  const value = structured === undefined ? text : structured;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return cells(value as JsonObject);
  return { result: cell(value) };
}

function cells(object: JsonObject): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(object)
      .slice(0, SHOWN_COLUMNS)
      .map(([name, value]) => [name, cell(value)]),
  );
}

function cell(value: Json): Json {
  if (typeof value === 'string') return cut(value, CELL_CHARS);
  if (typeof value !== 'object' || value === null) return value;
  return cut(JSON.stringify(value), CELL_CHARS);
}

/** Columns that the schema names come first and stay, whatever page is shown. */
function resultColumns(schema: JsonObject | null, rows: readonly z.input<typeof row>[]): readonly string[] {
  const properties = schema?.properties;
  const named = typeof properties === 'object' && properties !== null ? Object.keys(properties) : [];
  return [...new Set([...named, ...rows.flatMap(({ result }) => Object.keys(result ?? {}))])].slice(0, SHOWN_COLUMNS);
}
