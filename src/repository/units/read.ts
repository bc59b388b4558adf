import type Database from 'better-sqlite3';
import type { UnitStore } from '../../ports/repository.ts';
import { oneAttempt } from '../attempts/read.ts';
import type { Sync } from '../promised.ts';
import { toAttempt, toUnit } from '../rows.ts';
import type { UnitsTable } from '../schema.ts';
import { allRows, query, statement } from '../statement.ts';
import { inOrder, matching } from './matching.ts';

/** Reads units on SQLite: one, or those that match a filter with their latest attempts. */
export function createUnitReads(db: Database.Database): Pick<Sync<UnitStore>, 'get' | 'list'> {
  const get = statement<{ jobId: string; scope: string; index: number }, UnitsTable>(db, (p) =>
    query
      .selectFrom('units')
      .selectAll()
      .where('job_id', '=', p.jobId)
      .where('scope', '=', p.scope)
      .where('idx', '=', p.index),
  );
  const latestAttempt = oneAttempt(db);

  return {
    get({ jobId, scope, index }) {
      const row = get.get({ jobId, scope, index });
      return row ? toUnit(row) : null;
    },
    list(jobId, filter, limit) {
      const rows = inOrder(filter, limit, (part) =>
        allRows<UnitsTable>(db, matching(jobId, part).selectAll().orderBy('idx').limit(limit)),
      );
      return rows.map((row) => {
        const unit = toUnit(row);
        const found = unit.attempt > 0 ? latestAttempt.get(unit) : undefined;
        return { unit, attempt: found ? toAttempt(found) : null };
      });
    },
  };
}
