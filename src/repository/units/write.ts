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
  const setPayload = statement(db, (p: { jobId: string; scope: string; index: number; payload: string }) =>
    query
      .updateTable('units')
      .set({ payload: p.payload })
      .where('job_id', '=', p.jobId)
      .where('scope', '=', p.scope)
      .where('idx', '=', p.index),
  );
  // One statement a chunk: rows are passed as one JSON text, from which SQLite extracts payloads without JavaScript objects.
  const add = db.prepare(
    `INSERT INTO units (job_id, scope, idx, key, payload)
     SELECT @jobId, @scope, @first + key, value ->> 'key', value -> 'payload' FROM json_each(@items)`,
  );
  const count = db.prepare(
    `INSERT INTO unit_counts (job_id, scope, status, count) VALUES (@jobId, @scope, 'pending', @n)
     ON CONFLICT DO UPDATE SET count = count + excluded.count`,
  );

  // A completed unit that is put back begins again with its first step; any other goes on where it stopped, unless the step
  // to begin with (`from`) is given.
  const moveUnits = db.prepare(
    `UPDATE units SET status = @to, not_before = 0, failure_class = NULL, failure_message = NULL,
       retries_used = 0, deferrals = 0, interruptions = 0,
       step = CASE WHEN @from IS NOT NULL THEN @from WHEN @to = 'pending' AND status = 'completed' THEN 0 ELSE step END
     WHERE job_id = @jobId AND scope = @scope AND idx IN (SELECT value FROM json_each(@indexes))`,
  );
  const dropResults = db.prepare(
    `DELETE FROM results WHERE job_id = @jobId AND scope = @scope AND idx IN (
       SELECT idx FROM units WHERE job_id = @jobId AND scope = @scope AND (@from IS NOT NULL OR status = 'completed')
         AND idx IN (SELECT value FROM json_each(@indexes))) AND step >= ifnull(@from, 0)`,
  );

  return {
    add(jobId, scope, firstIndex, items) {
      if (items.length === 0) return;
      add.run({ jobId, scope, first: firstIndex, items: JSON.stringify(items) });
      count.run({ jobId, scope, n: items.length });
    },
    setPayload({ jobId, scope, index }, payload) {
      setPayload.run({ jobId, scope, index, payload: JSON.stringify(payload) });
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
      const moved = { jobId, scope: filter.scope ?? 'unit', indexes: JSON.stringify(indexes.map((row) => row.idx)) };
      if (to === 'pending') dropResults.run({ ...moved, from: null });
      const changed = moveUnits.run({ ...moved, to, from: null }).changes;
      return { changed, last: indexes.length < limit ? null : last };
    },
    restart(jobId, scope, indexes, step) {
      const moved = { jobId, scope, indexes: JSON.stringify(indexes), from: step };
      dropResults.run(moved);
      moveUnits.run({ ...moved, to: 'pending' });
    },
  };
}
