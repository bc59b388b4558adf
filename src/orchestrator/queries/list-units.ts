import { z } from 'zod';
import { attemptDurationMs } from '../../domain/attempt.ts';
import { usd } from '../../domain/money.ts';
import { UNIT_STATUSES, type Unit } from '../../domain/unit.ts';
import type { UnitFilter, UnitWithAttempt } from '../../ports/repository.ts';
import { EVERYWHERE, type OrchestratorDeps, operation, requireStoredJob } from '../operation.ts';
import { badCursor, cursor, failureClass, iso, jobId } from '../shapes.ts';
import { truncate, truncateObject } from '../truncate.ts';
import { CELL_BYTES, KEY_BYTES } from './caps.ts';
import { resultText } from './job-status.ts';
import { stepNamed } from './step-status.ts';

/** Units of a page, unless a length was requested. */
export const DEFAULT_UNITS = 20;

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
    const job = await requireStoredJob(deps, job_id);
    const revision = await deps.repository.jobs.revision(job_id, job.revision);
    const filter = {
      ...(status ? { statuses: status } : {}),
      ...(failure_class ? { failureClass: failure_class } : {}),
    };
    const rows = await deps.repository.units.list(
      job_id,
      { ...filter, ...(text ? { text } : {}), ...(after ? { after: parseIndex(after) } : {}) },
      limit + 1,
    );
    const units = rows.slice(0, limit).map((row) => ({ ...unitRow(row), ...stepNamed(revision, row.unit) }));
    const last = units.at(-1);
    return {
      job_id,
      units,
      ...(text ? {} : { total: await totalOf(deps, job_id, filter) }),
      next_cursor: rows.length > units.length && last ? unitCursor(last) : null,
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

/** Cursor of the position behind a row of the list. */
export function unitCursor({ unit }: { readonly unit: number }): string {
  return String(unit);
}

function parseIndex(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw badCursor(text);
  return Number(text);
}

/** One row of a list. */
function unitRow({ unit, attempt }: UnitWithAttempt) {
  return {
    unit: unit.index,
    key: truncate(unit.key, KEY_BYTES),
    status: unit.status,
    payload: truncateObject(unit.payload, CELL_BYTES),
    attempts: unit.attempt,
    ...(unit.status === 'completed' && attempt?.result
      ? { result: truncate(resultText(attempt.result), CELL_BYTES) }
      : {}),
    ...(unit.failureClass ? { failure_class: unit.failureClass, message: unit.failureMessage ?? '' } : {}),
    ...backOffOf(unit),
    ...(attempt?.usage.costUsd === undefined ? {} : { cost_usd: usd(attempt.usage.costUsd) }),
    ...(attempt?.endedAt ? { duration_s: attemptDurationMs(attempt, attempt.endedAt) / 1000 } : {}),
  };
}

function backOffOf(unit: Unit): { readonly not_before?: string } {
  return unit.status === 'pending' && unit.notBefore > 0 ? { not_before: iso(unit.notBefore) } : {};
}
