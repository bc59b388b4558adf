import type Database from 'better-sqlite3';
import { type SelectQueryBuilder, sql } from 'kysely';
import type { UnitResult } from '../domain/attempt.ts';
import { AbpError } from '../domain/error.ts';
import type { FailureClass } from '../domain/failure.ts';
import { UNIT_STATUSES, type UnitCounts, type UnitStatus, unitStatusesBefore } from '../domain/unit.ts';
import type { FailureCount, UnitFilter, UnitStore } from '../ports/repository.ts';
import type { Sync } from './promised.ts';
import { type ExportedRow, type ResultRow, toAttempt, toResult, toUnit } from './rows.ts';
import type { AttemptsTable, Tables, UnitKeysTable, UnitsTable } from './schema.ts';
import { allRows, query, statement } from './statement.ts';
import { createUnitSlice } from './unit-slice.ts';

/** Makes the store of units on SQLite. */
export function createUnitStore(db: Database.Database): Sync<UnitStore> {
  const get = statement<{ jobId: string; stage: string; index: number }, UnitsTable>(db, (p) =>
    query
      .selectFrom('units')
      .selectAll()
      .where('job_id', '=', p.jobId)
      .where('stage', '=', p.stage)
      .where('idx', '=', p.index),
  );
  const counts = statement(db, (p: { jobId: string; stage: string }) =>
    query
      .selectFrom('unit_counts')
      .select(['step', 'status', 'failure_class', 'count'])
      .where('job_id', '=', p.jobId)
      .where('stage', '=', p.stage)
      .where('count', '>', 0),
  );
  const firstFailed = statement(db, (p: { jobId: string; failureClass: string }) =>
    query
      .selectFrom('units')
      .select(['idx', 'failure_message'])
      .where('job_id', '=', p.jobId)
      .where('stage', '=', sql.lit('main'))
      .where('failure_class', '=', p.failureClass)
      .where('status', '=', sql.lit('failed'))
      .orderBy('idx')
      .limit(sql.lit(1)),
  );
  const failed = statement(db, (p: { jobId: string; limit: number }) =>
    query
      .selectFrom('units')
      .select(['idx', 'failure_class', 'failure_message'])
      .where('job_id', '=', p.jobId)
      .where('stage', '=', sql.lit('main'))
      .where('status', '=', sql.lit('failed'))
      .orderBy('idx')
      .limit(p.limit),
  );
  const latestAttempt = statement<{ jobId: string; stage: string; index: number; attempt: number }, AttemptsTable>(
    db,
    (p) =>
      query
        .selectFrom('attempts')
        .selectAll()
        .where('job_id', '=', p.jobId)
        .where('stage', '=', p.stage)
        .where('idx', '=', p.index)
        .where('attempt', '=', p.attempt),
  );
  // Callers read all units page by page: the primary key gives their order, whatever the statuses.
  const units = db.prepare<unknown[], ExportedRow>(
    `SELECT idx, key, units.status, payload, units.step, units.failure_class, failure_message, attempt,
       CASE WHEN attempt > 1 THEN (
         SELECT json_object('costUsd', round(sum(usage ->> 'costUsd'), 9), 'durationMs', sum(usage ->> 'durationMs'))
         FROM attempts AS tried
         WHERE tried.job_id = units.job_id AND tried.stage = units.stage AND tried.idx = units.idx
       ) ELSE attempts.usage END AS used
     FROM units LEFT JOIN attempts USING (job_id, stage, idx, attempt)
     WHERE job_id = @jobId AND stage = 'main' AND idx > @after
       AND (@statuses IS NULL OR units.status IN (SELECT value FROM json_each(@statuses)))
     ORDER BY idx LIMIT @limit`,
  );
  const results = db.prepare<unknown[], ResultRow>(
    `SELECT idx, results.step, attempts.result
     FROM results JOIN attempts USING (job_id, stage, idx, attempt)
     WHERE job_id = @jobId AND stage = @stage AND idx BETWEEN @first AND @last`,
  );
  const setPayload = statement(db, (p: { jobId: string; stage: string; index: number; payload: string }) =>
    query
      .updateTable('units')
      .set({ payload: p.payload })
      .where('job_id', '=', p.jobId)
      .where('stage', '=', p.stage)
      .where('idx', '=', p.index),
  );
  // One statement a chunk: rows are passed as one JSON text, from which SQLite extracts payloads without JavaScript objects.
  const add = db.prepare(
    `INSERT INTO units (job_id, stage, idx, key, payload)
     SELECT @jobId, @stage, @first + key, value ->> 'key', value -> 'payload' FROM json_each(@items)`,
  );
  const addKeys = db.prepare(
    `INSERT INTO unit_keys (job_id, key, idx) SELECT ?, value ->> 'key', value ->> 'index' FROM json_each(?)`,
  );
  const byKey = db.prepare<unknown[], UnitKeysTable>(
    'SELECT key, idx FROM unit_keys WHERE job_id = ? AND key IN (SELECT value FROM json_each(?))',
  );
  // A completed unit that is put back begins again with its first step; any other goes on where it stopped.
  const moveUnits = db.prepare(
    `UPDATE units SET status = @to, not_before = 0, failure_class = NULL, failure_message = NULL,
       retries_used = 0, deferrals = 0, interruptions = 0,
       step = CASE WHEN @to = 'pending' AND (@all OR status = 'completed') THEN 0 ELSE step END
     WHERE job_id = @jobId AND stage = @stage AND idx IN (SELECT value FROM json_each(@indexes))`,
  );
  const dropResults = db.prepare(
    `DELETE FROM results WHERE job_id = @jobId AND stage = @stage AND idx IN (
       SELECT idx FROM units WHERE job_id = @jobId AND stage = @stage AND (@all OR status = 'completed')
         AND idx IN (SELECT value FROM json_each(@indexes)))`,
  );
  const count = db.prepare(
    `INSERT INTO unit_counts (job_id, stage, status, count) VALUES (@jobId, @stage, 'pending', @n)
     ON CONFLICT DO UPDATE SET count = count + excluded.count`,
  );

  return {
    add(jobId, stage, firstIndex, items) {
      if (items.length === 0) return;
      add.run({ jobId, stage, first: firstIndex, items: JSON.stringify(items) });
      count.run({ jobId, stage, n: items.length });
    },
    addKeys(jobId, keys) {
      try {
        addKeys.run(jobId, JSON.stringify(keys));
      } catch (error) {
        if ((error as { code?: string }).code !== 'SQLITE_CONSTRAINT_PRIMARYKEY') throw error;
        throw new AbpError('already_exists', 'Two units have the same key.', { cause: error });
      }
    },
    indexesByKey(jobId, keys) {
      const rows = byKey.all(jobId, JSON.stringify(keys));
      return new Map(rows.map((row) => [row.key, row.idx]));
    },
    get({ jobId, stage, index }) {
      const row = get.get({ jobId, stage, index });
      return row ? toUnit(row) : null;
    },
    counts(jobId, stage = 'main') {
      const result = { total: 0, ...Object.fromEntries(UNIT_STATUSES.map((status) => [status, 0])) } as {
        -readonly [K in keyof UnitCounts]: number;
      };
      for (const row of counts.all({ jobId, stage })) {
        result[row.status as UnitStatus] += row.count;
        result.total += row.count;
      }
      return result;
    },
    stepCounts: (jobId, stage = 'main') =>
      counts.all({ jobId, stage }).map(({ step, status, failure_class, count: n }) => ({
        step,
        status: status as UnitStatus,
        failureClass: (failure_class || null) as FailureClass | null,
        count: n,
      })),
    failures(jobId) {
      const byClass = new Map<FailureClass, number>();
      for (const { status, failure_class: name, count: n } of counts.all({ jobId, stage: 'main' })) {
        const failureClass = name as FailureClass;
        if (status === 'failed' && name !== '') byClass.set(failureClass, (byClass.get(failureClass) ?? 0) + n);
      }
      return [...byClass]
        .sort(([, a], [, b]) => b - a)
        .map(([failureClass, n]): FailureCount => {
          const first = firstFailed.get({ jobId, failureClass });
          return {
            failureClass,
            count: n,
            example: first ? { index: first.idx, message: first.failure_message ?? '' } : null,
          };
        });
    },
    setPayload({ jobId, stage, index }, payload) {
      setPayload.run({ jobId, stage, index, payload: JSON.stringify(payload) });
    },
    list(jobId, filter, limit) {
      const rows = inOrder(filter, limit, (part) =>
        allRows<UnitsTable>(db, matching(jobId, part).selectAll().orderBy('idx').limit(limit)),
      );
      return rows.map((row) => {
        const { job_id, stage, idx, attempt } = row;
        const found = attempt > 0 ? latestAttempt.get({ jobId: job_id, stage, index: idx, attempt }) : undefined;
        return { unit: toUnit(row), attempt: found ? toAttempt(found) : null };
      });
    },
    results(jobId, { statuses, after = -1 }, limit) {
      const rows = units.all({ jobId, after, limit, statuses: statuses ? JSON.stringify(statuses) : null });
      const [first, last] = [rows[0]?.idx, rows.at(-1)?.idx];
      if (first === undefined || last === undefined) return [];
      const byUnit = Map.groupBy(results.all({ jobId, stage: 'main', first, last }), ({ idx }) => idx);
      return rows.map((row) => toResult(row, byUnit.get(row.idx) ?? []));
    },
    resultsOf({ jobId, stage, index }) {
      const rows = results.all({ jobId, stage, first: index, last: index });
      return new Map(rows.map(({ step, result }) => [step, JSON.parse(result) as UnitResult]));
    },
    moveMany(jobId, filter, to, limit) {
      const allowed = unitStatusesBefore(to);
      const statuses = filter.statuses ? filter.statuses.filter((status) => allowed.includes(status)) : allowed;
      if (statuses.length === 0) return { changed: 0, last: null };
      const indexes = inOrder({ ...filter, statuses }, limit, (part) =>
        allRows(db, matching(jobId, part).select('idx').orderBy('idx').limit(limit)),
      );
      const last = indexes.at(-1)?.idx;
      if (last === undefined) return { changed: 0, last: null };
      const moved = { jobId, stage: filter.stage ?? 'main', indexes: JSON.stringify(indexes.map((row) => row.idx)) };
      if (to === 'pending') dropResults.run({ ...moved, all: 0 });
      const changed = moveUnits.run({ ...moved, to, all: 0 }).changes;
      return { changed, last: indexes.length < limit ? null : last };
    },
    restart(jobId, indexes) {
      const moved = { jobId, stage: 'main', indexes: JSON.stringify(indexes), all: 1 };
      dropResults.run(moved);
      moveUnits.run({ ...moved, to: 'pending' });
    },
    slice: createUnitSlice(db),
    failed: (jobId, limit) =>
      failed.all({ jobId, limit }).map((row) => ({
        index: row.idx,
        failureClass: (row.failure_class ?? 'agent_error') as FailureClass,
        message: row.failure_message ?? '',
      })),
  };
}

/**
 * The first rows in index order. Each status is asked for by itself, so that its index gives them in order: one query for
 * several would sort or walk through all units of the job.
 */
function inOrder<Row extends { readonly idx: number }>(
  filter: UnitFilter,
  limit: number,
  select: (filter: UnitFilter) => readonly Row[],
): readonly Row[] {
  if (filter.statuses?.length === 1 || !filter.statuses) return select(filter);
  const rows = filter.statuses.flatMap((status) => select({ ...filter, statuses: [status] }));
  return rows.sort((a, b) => a.idx - b.idx).slice(0, limit);
}

function matching(jobId: string, filter: UnitFilter): SelectQueryBuilder<Tables, 'units', object> {
  let units = query
    .selectFrom('units')
    .where('job_id', '=', jobId)
    .where('stage', '=', filter.stage ?? 'main');
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
