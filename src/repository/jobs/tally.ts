import type Database from 'better-sqlite3';
import { sql } from 'kysely';
import { AbpError } from '../../domain/error.ts';
import type { Clock } from '../../ports/clock.ts';
import type { JobStore } from '../../ports/job-store.ts';
import type { Sync } from '../promised.ts';
import { toStepTally } from '../rows.ts';
import type { StepTotalsTable } from '../schema.ts';
import { query, statement } from '../statement.ts';

/** Totals of a job and its steps on SQLite, and the base from which the circuit breaker counts. */
export function createJobTally(
  db: Database.Database,
  clock: Clock,
): Pick<Sync<JobStore>, 'tally' | 'resetCircuitBreaker'> {
  const tally = statement(db, (p: { jobId: string }) =>
    query
      .selectFrom('jobs')
      .select('breaker_since')
      .select((eb) =>
        eb
          .selectFrom('attempts')
          .select(sql<number>`ifnull(sum(reserved_usd), 0)`.as('reserved'))
          .where('attempts.job_id', '=', p.jobId)
          .where('attempts.status', '=', sql.lit('running'))
          .as('reserved'),
      )
      .where('job_id', '=', p.jobId),
  );
  const steps = statement<{ jobId: string }, StepTotalsTable>(db, (p) =>
    query.selectFrom('step_totals').selectAll().where('job_id', '=', p.jobId).orderBy('scope', 'desc').orderBy('step'),
  );
  const restartBreaker = db.prepare('UPDATE jobs SET breaker_since = ? WHERE job_id = ?');
  const restartSteps = db.prepare(
    `UPDATE step_totals SET breaker_base = json_object('tried', units_tried, 'byClass', json((
       SELECT json_group_object(failure_class, n) FROM (
         SELECT failure_class, sum(count) AS n FROM unit_counts AS counted
         WHERE counted.job_id = step_totals.job_id AND counted.scope = step_totals.scope
           AND counted.step = step_totals.step AND failure_class != '' GROUP BY failure_class))))
     WHERE job_id = ?`,
  );

  return {
    tally(jobId) {
      const row = tally.get({ jobId });
      if (!row) throw new AbpError('not_found', `No job ${jobId}.`);
      return {
        reservedUsd: row.reserved ?? 0,
        breakerSince: row.breaker_since,
        steps: steps.all({ jobId }).map(toStepTally),
      };
    },
    resetCircuitBreaker(jobId) {
      restartBreaker.run(clock.now(), jobId);
      restartSteps.run(jobId);
    },
  };
}
