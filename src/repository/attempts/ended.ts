import type Database from 'better-sqlite3';
import { sql } from 'kysely';
import type { AttemptStatus } from '../../domain/attempt.ts';
import type { FailureClass } from '../../domain/failure.ts';
import type { Scope } from '../../domain/unit.ts';
import type { AttemptStore } from '../../ports/repository.ts';
import type { Sync } from '../promised.ts';
import { query, statement } from '../statement.ts';

/** Reads and sums up on SQLite the attempts of a job that have ended, by time. */
export function createEndedAttempts(
  db: Database.Database,
): Pick<Sync<AttemptStore>, 'recent' | 'recentThroughput' | 'endedSpan' | 'endedBetween'> {
  const recent = statement(db, (p: { jobId: string; since: number; limit: number }) =>
    query
      .selectFrom('attempts')
      .select(['scope', 'idx', 'step', 'status', 'failure_class', 'ended_at', 'purpose'])
      .where('job_id', '=', p.jobId)
      .where('ended_at', '>=', p.since)
      .orderBy('ended_at', 'desc')
      .limit(p.limit),
  );
  const endedLately = statement(db, (p: { jobId: string; since: number; limit: number }) =>
    query
      .selectFrom((eb) =>
        eb
          .selectFrom('attempts')
          .select('ended_at')
          .where('job_id', '=', p.jobId)
          .where('ended_at', '>=', p.since)
          .orderBy('ended_at', 'desc')
          .limit(p.limit)
          .as('newest'),
      )
      .select((eb) => eb.fn.countAll<number>().as('ended'))
      .select(sql<number | null>`min(ended_at)`.as('first')),
  );
  const endedSpan = statement(db, (p: { jobId: string }) =>
    query
      .selectFrom('attempts')
      .select(sql<number | null>`min(ended_at)`.as('first'))
      .select((eb) =>
        eb
          .selectFrom('attempts')
          .select(sql<number | null>`max(ended_at)`.as('last'))
          .where('job_id', '=', p.jobId)
          .where('ended_at', 'is not', null)
          .as('last'),
      )
      .where('job_id', '=', p.jobId)
      .where('ended_at', 'is not', null),
  );
  const endedBetween = statement(db, (p: { jobId: string; from: number; to: number }) =>
    query
      .selectFrom('attempts')
      .select(sql<number>`ifnull(sum(status = 'succeeded'), 0)`.as('succeeded'))
      .select(sql<number>`ifnull(sum(status != 'succeeded'), 0)`.as('failed'))
      .select(sql<number>`ifnull(sum(cost_usd), 0)`.as('cost'))
      .where('job_id', '=', p.jobId)
      .where('ended_at', '>=', p.from)
      .where('ended_at', '<', p.to),
  );

  return {
    recent: (jobId, since, limit) =>
      recent.all({ jobId, since, limit }).map((row) => ({
        scope: row.scope as Scope,
        index: row.idx,
        step: row.step,
        status: row.status as AttemptStatus,
        failureClass: row.failure_class as FailureClass | null,
        endedAt: row.ended_at,
        purpose: row.purpose as 'test' | 'batch',
      })),
    recentThroughput(jobId, since, limit) {
      return endedLately.get({ jobId, since, limit }) ?? { ended: 0, first: null };
    },
    endedSpan(jobId) {
      const row = endedSpan.get({ jobId });
      return row?.first == null || row.last === null ? null : { first: row.first, last: row.last };
    },
    endedBetween(jobId, from, to) {
      const row = endedBetween.get({ jobId, from, to });
      return { succeeded: row?.succeeded ?? 0, failed: row?.failed ?? 0, costUsd: row?.cost ?? 0 };
    },
  };
}
