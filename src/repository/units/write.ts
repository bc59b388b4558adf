import type Database from 'better-sqlite3';
import { unitStatusesBefore } from '../../domain/unit.ts';
import type { UnitStore } from '../../ports/repository.ts';
import type { Sync } from '../promised.ts';
import { allRows, query, statement } from '../statement.ts';
import { inOrder, matching } from './matching.ts';

/** Writes units on SQLite: adds them, replaces a payload, moves many to another status. */
export function createUnitWrites(
  db: Database.Database,
): Pick<Sync<UnitStore>, 'add' | 'setPayload' | 'moveMany' | 'restart'> {
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
  const count = db.prepare(
    `INSERT INTO unit_counts (job_id, stage, status, count) VALUES (@jobId, @stage, 'pending', @n)
     ON CONFLICT DO UPDATE SET count = count + excluded.count`,
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

  return {
    add(jobId, stage, firstIndex, items) {
      if (items.length === 0) return;
      add.run({ jobId, stage, first: firstIndex, items: JSON.stringify(items) });
      count.run({ jobId, stage, n: items.length });
    },
    setPayload({ jobId, stage, index }, payload) {
      setPayload.run({ jobId, stage, index, payload: JSON.stringify(payload) });
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
  };
}
