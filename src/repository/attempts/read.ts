import type Database from 'better-sqlite3';
import { sql } from 'kysely';
import type { AttemptRef } from '../../domain/attempt.ts';
import type { UnitRef } from '../../domain/unit.ts';
import type { AttemptStore } from '../../ports/repository.ts';
import type { Sync } from '../promised.ts';
import { toAttempt } from '../rows.ts';
import { query, statement } from '../statement.ts';

/** Makes the statement that reads one attempt. */
export function oneAttempt(db: Database.Database) {
  return statement(db, (p: AttemptRef) =>
    query
      .selectFrom('attempts')
      .selectAll()
      .where('job_id', '=', p.jobId)
      .where('scope', '=', p.scope)
      .where('idx', '=', p.index)
      .where('attempt', '=', p.attempt),
  );
}

/** Reads attempts on SQLite: one, those of a unit, those that run. */
export function createAttemptReads(db: Database.Database): Pick<Sync<AttemptStore>, 'get' | 'ofUnit' | 'running'> {
  const get = oneAttempt(db);
  const ofUnit = statement(db, (p: UnitRef) =>
    query
      .selectFrom('attempts')
      .selectAll()
      .where('job_id', '=', p.jobId)
      .where('scope', '=', p.scope)
      .where('idx', '=', p.index)
      .orderBy('attempt'),
  );
  const running = statement(db, (p: { jobId: string }) =>
    query.selectFrom('attempts').selectAll().where('job_id', '=', p.jobId).where('status', '=', sql.lit('running')),
  );

  return {
    get(ref) {
      const row = get.get(ref);
      return row ? toAttempt(row) : null;
    },
    ofUnit: (ref) => ofUnit.all(ref).map(toAttempt),
    running: (jobId) => running.all({ jobId }).map(toAttempt),
  };
}
