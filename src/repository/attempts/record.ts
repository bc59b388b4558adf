import type Database from 'better-sqlite3';
import { sql } from 'kysely';
import type { AttemptRef } from '../../domain/attempt.ts';
import type { AttemptStore } from '../../ports/repository.ts';
import type { Sync } from '../promised.ts';
import { query, statement } from '../statement.ts';

/** Records on SQLite what becomes of an attempt while it runs. */
export function createAttemptRecords(db: Database.Database): Pick<Sync<AttemptStore>, 'recordRun' | 'recordJudge'> {
  const recordRun = statement(db, (p: AttemptRef & { machineId: string; handle: string; deadlineAt: number }) =>
    query
      .updateTable('attempts')
      .set({ machine_id: p.machineId, handle: p.handle, deadline_at: p.deadlineAt })
      .where('job_id', '=', p.jobId)
      .where('scope', '=', p.scope)
      .where('idx', '=', p.index)
      .where('attempt', '=', p.attempt)
      .where('status', '=', sql.lit('running')),
  );
  const recordJudge = statement(db, (p: AttemptRef) =>
    query
      .updateTable('attempts')
      .set((eb) => ({ judges: eb('judges', '+', 1) }))
      .where('job_id', '=', p.jobId)
      .where('scope', '=', p.scope)
      .where('idx', '=', p.index)
      .where('attempt', '=', p.attempt)
      .where('status', '=', sql.lit('running')),
  );

  return {
    recordRun({ jobId, scope, index, attempt }, { machineId, handle, deadlineAt }) {
      const row = { jobId, scope, index, attempt, machineId, handle: JSON.stringify(handle), deadlineAt };
      return recordRun.run(row) === 1 ? 'noted' : 'ended';
    },
    recordJudge: (ref) => (recordJudge.run(ref) === 1 ? 'noted' : 'ended'),
  };
}
