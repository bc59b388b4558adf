import { type SelectQueryBuilder, sql } from 'kysely';
import type { UnitFilter } from '../../ports/repository.ts';
import type { Tables } from '../schema.ts';
import { query } from '../statement.ts';

/**
 * The first rows in index order. Each status is asked for by itself, so that its index gives them in order: one query for
 * several would sort or walk through all units of the job.
 */
export function inOrder<Row extends { readonly idx: number }>(
  filter: UnitFilter,
  limit: number,
  select: (filter: UnitFilter) => readonly Row[],
): readonly Row[] {
  if (filter.statuses?.length === 1 || !filter.statuses) return select(filter);
  const rows = filter.statuses.flatMap((status) => select({ ...filter, statuses: [status] }));
  return rows.sort((a, b) => a.idx - b.idx).slice(0, limit);
}

/** Selects the units of a job that match a filter. */
export function matching(jobId: string, filter: UnitFilter): SelectQueryBuilder<Tables, 'units', object> {
  let units = query
    .selectFrom('units')
    .where('job_id', '=', jobId)
    .where('scope', '=', filter.scope ?? 'unit');
  const { statuses, failureClass, indexes, text, after, upTo } = filter;
  if (statuses) units = units.where('status', 'in', [...statuses]);
  if (failureClass) units = units.where('failure_class', '=', failureClass);
  if (indexes) units = units.where(sql<boolean>`idx IN (SELECT value FROM json_each(${JSON.stringify(indexes)}))`);
  if (text) {
    const like = `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`;
    units = units.where(sql<boolean>`(payload LIKE ${like} ESCAPE '\\' OR key LIKE ${like} ESCAPE '\\')`);
  }
  if (after !== undefined) units = units.where('idx', '>', after);
  if (upTo !== undefined) units = units.where('idx', '<=', upTo);
  return units;
}
