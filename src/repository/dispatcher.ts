import { randomUUID } from 'node:crypto';
import type Database from 'better-sqlite3';
import { sql } from 'kysely';
import type { Handle } from '../domain/attempt.ts';
import { fairShares } from '../domain/fair-share.ts';
import { EXECUTING } from '../domain/job.ts';
import type { ProcessIdentity } from '../domain/lease.ts';
import { MAX_INTERRUPTIONS } from '../domain/retry.ts';
import type { Clock } from '../ports/clock.ts';
import type { Claim, Dispatcher } from '../ports/dispatcher.ts';
import type { Sync } from './promised.ts';
import { toAttempt, toUnit } from './rows.ts';
import type { AttemptsTable, UnitsTable } from './schema.ts';
import { query, statement } from './statement.ts';

type UnitKey = { jobId: string; stage: string; index: number };

/**
 * Makes the dispatcher on the SQLite file of the store. Claim and settle are the hot path: prepared once, run many times. `isDead`
 * says whether the process of a lease is certainly gone, `isGone` a run; they are asked only when slots are short.
 */
export function createDispatcher(
  db: Database.Database,
  clock: Clock,
  isDead: (process: ProcessIdentity) => boolean,
  isGone: (handle: Handle) => boolean,
): Sync<Dispatcher> {
  const holds = statement(db, (p: { jobId: string; epoch: number; owner: string }) =>
    query
      .selectFrom('leases')
      .select('epoch')
      .where('job_id', '=', p.jobId)
      .where('epoch', '=', p.epoch)
      .where('owner', '=', p.owner)
      .where('released', '=', sql.lit(0)),
  );
  const running = statement(db, () =>
    query
      .selectFrom('attempts')
      .select('job_id')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .where('status', '=', sql.lit('running'))
      .groupBy('job_id'),
  );
  const atWork = db.prepare<
    [],
    { job_id: string; stage: string; last_started_at: number; bound: number; pending: number }
  >(
    `SELECT job_id, iif(status = 'post_processing', 'post', 'main') AS stage, last_started_at,
       iif(status = 'testing', min(test_units, max_workers), max_workers) AS bound,
       (SELECT ifnull(sum(count), 0) FROM unit_counts
        WHERE unit_counts.job_id = jobs.job_id AND stage = iif(jobs.status = 'post_processing', 'post', 'main')
          AND unit_counts.status = 'pending') AS pending
     FROM leases JOIN jobs USING (job_id)
     WHERE released = 0 AND status IN (${EXECUTING.map((status) => `'${status}'`).join()})`,
  );
  const waiting = statement(db, (p: { jobId: string; stage: string; now: number }) =>
    query
      .selectFrom('units')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .where('job_id', '=', p.jobId)
      .where('stage', '=', p.stage)
      .where('status', '=', sql.lit('pending'))
      .where('not_before', '>', sql.lit(0))
      .where('not_before', '>', p.now),
  );
  const held = statement(db, () =>
    query
      .selectFrom('leases')
      .select(['job_id as jobId', 'machine_id as machineId', 'boot_id as bootId', 'pid', 'pid_started_at as startedAt'])
      .where('released', '=', sql.lit(0)),
  );
  const handles = statement(db, (p: { jobId: string }) =>
    query
      .selectFrom('attempts')
      .select('handle')
      .where('job_id', '=', p.jobId)
      .where('status', '=', sql.lit('running')),
  );
  // A unit that was put back while its agent is still being stopped waits until that attempt has ended.
  const pending = (stage: { jobId: string; stage: string }) =>
    query
      .selectFrom('units')
      .select('idx')
      .where('job_id', '=', stage.jobId)
      .where('stage', '=', stage.stage)
      .where('status', '=', sql.lit('pending'))
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('attempts')
              .select('attempt')
              .whereRef('attempts.job_id', '=', 'units.job_id')
              .whereRef('attempts.stage', '=', 'units.stage')
              .whereRef('attempts.idx', '=', 'units.idx')
              .where('attempts.status', '=', sql.lit('running')),
          ),
        ),
      );
  const soonAlone = sql.lit(MAX_INTERRUPTIONS - 1);
  const due = statement(db, (p: { jobId: string; stage: string; now: number; limit: number }) =>
    pending(p)
      .where('not_before', '>', sql.lit(0))
      .where('not_before', '<=', p.now)
      .where('interruptions', '<', soonAlone)
      .orderBy('not_before')
      .limit(p.limit),
  );
  const fresh = statement(db, (p: { jobId: string; stage: string; limit: number }) =>
    pending(p)
      .where('not_before', '=', sql.lit(0))
      .where('interruptions', '<', soonAlone)
      .orderBy('idx')
      .limit(p.limit),
  );
  // The index is named: by itself SQLite walks through all pending units of the job.
  const alone = db.prepare<[object], { idx: number }>(
    `SELECT idx FROM units INDEXED BY units_alone
     WHERE job_id = @jobId AND stage = @stage AND status = 'pending' AND interruptions >= ${MAX_INTERRUPTIONS - 1}
       AND not_before <= @now AND NOT EXISTS (
         SELECT 1 FROM attempts
         WHERE attempts.job_id = units.job_id AND attempts.stage = units.stage AND attempts.idx = units.idx
           AND attempts.status = 'running')
     ORDER BY idx LIMIT 1`,
  );
  const chosen = statement(db, (p: { jobId: string; stage: string; indexes: string; limit: number }) =>
    pending(p).where(sql<boolean>`idx IN (SELECT value FROM json_each(${p.indexes}))`).orderBy('idx').limit(p.limit),
  );
  const take = statement<UnitKey, UnitsTable>(db, (p) =>
    query
      .updateTable('units')
      .set((eb) => ({ status: 'running', attempt: eb('attempt', '+', 1), not_before: 0 }))
      .where('job_id', '=', p.jobId)
      .where('stage', '=', p.stage)
      .where('idx', '=', p.index)
      .where('status', '=', sql.lit('pending'))
      .returningAll(),
  );
  const started = statement(db, (p: { jobId: string; firstTried: number; now: number }) =>
    query
      .updateTable('jobs')
      .set((eb) => ({ units_tried: eb('units_tried', '+', p.firstTried), last_started_at: p.now }))
      .where('job_id', '=', p.jobId),
  );
  const begin = db.prepare<unknown[], AttemptsTable>(
    `INSERT INTO attempts (job_id, stage, idx, attempt, purpose, revision, epoch, attempt_id, run_directory, reserved_usd, started_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *`,
  );
  const stillMine = statement(db, (p: UnitKey & { attempt: number }) =>
    query
      .selectFrom('units')
      .select('idx')
      .where('job_id', '=', p.jobId)
      .where('stage', '=', p.stage)
      .where('idx', '=', p.index)
      .where('status', '=', sql.lit('running'))
      .where('attempt', '=', p.attempt),
  );
  const endAttempt = db.prepare(
    `UPDATE attempts SET status = @status, failure_class = @failureClass, message = @message, result = @result,
       cost_usd = @costUsd, cost_estimated = @costEstimated, usage = @usage, notes = @notes,
       ended_at = max(@now, started_at), reserved_usd = 0
     WHERE job_id = @jobId AND stage = @stage AND idx = @index AND attempt = @attempt AND status = 'running'`,
  );
  const spend = db.prepare(
    `UPDATE jobs SET cost_usd = cost_usd + @costUsd, cost_estimated = max(cost_estimated, @costEstimated),
       input_tokens = input_tokens + @inputTokens, output_tokens = output_tokens + @outputTokens,
       max_attempt_cost_usd = max(max_attempt_cost_usd, @costUsd),
       executors_lost = CASE WHEN @interrupted THEN executors_lost ELSE 0 END
     WHERE job_id = @jobId`,
  );
  const endUnit = db.prepare(
    `UPDATE units SET status = @status, retries_used = @retriesUsed, deferrals = @deferrals, interruptions = @interruptions,
       not_before = @notBefore, failure_class = @failureClass, failure_message = @failureMessage
     WHERE job_id = @jobId AND stage = @stage AND idx = @index AND status = 'running' AND attempt = @attempt`,
  );
  const withdraw = db.prepare(
    `UPDATE units SET status = 'cancelled' WHERE job_id = @jobId AND stage = @stage AND idx IN (
       SELECT idx FROM units WHERE job_id = @jobId AND stage = @stage AND status = 'pending' ORDER BY idx LIMIT @limit)`,
  );

  /** Counts the slots that this job may still fill: within the machine's bound and its share of it. */
  function room(jobId: string, maxTotal: number): number {
    const byTheRows = need(new Map(), () => 0);
    // With enough slots for all, dead executors and back-offs make no difference.
    const isEnough = byTheRows.demands.reduce((sum, { wants }) => sum + wants, byTheRows.leaving) <= maxTotal;
    const { used, total, leaving, demands } = isEnough ? byTheRows : need(abandoned(jobId), notDue);
    const share = fairShares(demands, maxTotal - leaving).get(jobId) ?? 0;
    return Math.max(0, Math.min(maxTotal - total, share - (used.get(jobId) ?? 0)));
  }

  /** Finds other jobs whose executor is dead, with the number of their living attempts: they use no more until recovery. */
  function abandoned(jobId: string): ReadonlyMap<string, number> {
    const dead = held.all({}).filter((lease) => lease.jobId !== jobId && isDead(lease));
    const lives = ({ handle }: { handle: string | null }) => handle !== null && !isGone(JSON.parse(handle) as Handle);
    return new Map(dead.map((lease) => [lease.jobId, handles.all(lease).filter(lives).length]));
  }

  /** Counts pending units of a job that wait for the end of a back-off. */
  function notDue({ job_id: jobId, stage }: { readonly job_id: string; readonly stage: string }): number {
    return waiting.get({ jobId, stage, now: clock.now() })?.n ?? 0;
  }

  /**
   * Counts the slots that each job uses and wants, without the units that `left` counts as not due. Jobs in `gone` use the
   * attempts given there and want no more.
   */
  function need(gone: ReadonlyMap<string, number>, left: typeof notDue) {
    const used = new Map(running.all({}).map((row) => [row.job_id, gone.get(row.job_id) ?? row.n]));
    const usedBy = (id: string) => used.get(id) ?? 0;
    const demands = atWork
      .all()
      .filter((row) => !gone.has(row.job_id))
      .map((row) => ({
        jobId: row.job_id,
        wants: Math.min(row.bound, usedBy(row.job_id) + row.pending - left(row)),
        lastStartedAt: row.last_started_at,
      }));
    const total = [...used.values()].reduce((sum, n) => sum + n, 0);
    // Jobs that are leaving keep the slots of what still runs, and want no more.
    const leaving = total - demands.reduce((sum, { jobId: id }) => sum + usedBy(id), 0);
    return { used, total, leaving, demands };
  }

  return {
    claim(request) {
      const { lease, stage } = request;
      const { jobId } = lease;
      const limit = Math.min(request.limit, room(jobId, request.maxTotalWorkers));
      if (limit < 1 || !holds.get(lease)) return [];
      const now = clock.now();
      let indexes: { idx: number }[];
      if (request.indexes) {
        indexes = chosen.all({ jobId, stage, indexes: JSON.stringify(request.indexes), limit });
      } else if (request.alone) {
        indexes = alone.all({ jobId, stage, now });
      } else {
        indexes = due.all({ jobId, stage, now, limit });
        if (indexes.length < limit) indexes.push(...fresh.all({ jobId, stage, limit: limit - indexes.length }));
      }
      const claims: Claim[] = [];
      for (const { idx } of indexes) {
        const row = take.get({ jobId, stage, index: idx });
        if (!row) continue;
        const attempt = begin.get(
          jobId,
          stage,
          idx,
          row.attempt,
          request.purpose,
          request.revision,
          lease.epoch,
          randomUUID(),
          request.runDirectory(idx, row.attempt),
          request.reservationUsd,
          now,
        );
        if (attempt) claims.push({ unit: toUnit(row), attempt: toAttempt(attempt) });
      }
      const first = claims.filter(({ attempt }) => attempt.attempt === 1 && stage === 'main').length;
      if (claims.length > 0) started.run({ jobId, firstTried: first, now });
      return claims;
    },
    lost: (claims) => claims.filter((claim) => stillMine.get(claim.attempt) === undefined),
    settle(claim, { attemptStatus, outcome, decision }) {
      const { jobId, stage, index, attempt } = claim.attempt;
      const key = { jobId, stage, index, attempt };
      const costUsd = outcome.usage.costUsd ?? 0;
      const costEstimated = outcome.usage.costEstimated ? 1 : 0;
      const ended = endAttempt.run({
        ...key,
        status: attemptStatus,
        failureClass: outcome.ok ? null : outcome.failureClass,
        message: outcome.ok ? null : outcome.message,
        result: outcome.ok ? JSON.stringify(outcome.result) : null,
        costUsd: outcome.usage.costUsd ?? null,
        costEstimated,
        usage: JSON.stringify(outcome.usage),
        notes: outcome.notes ? JSON.stringify(outcome.notes) : null,
        now: clock.now(),
      }).changes;
      if (ended === 0) return 'fenced';
      spend.run({
        jobId,
        costUsd,
        costEstimated,
        inputTokens: outcome.usage.inputTokens ?? 0,
        outputTokens: outcome.usage.outputTokens ?? 0,
        interrupted: attemptStatus === 'interrupted' ? 1 : 0,
      });
      return endUnit.run({ ...key, ...decision }).changes === 0 ? 'fenced' : 'settled';
    },
    withdraw(jobId, limit) {
      let taken = withdraw.run({ jobId, stage: 'main', limit }).changes;
      if (taken < limit) taken += withdraw.run({ jobId, stage: 'post', limit: limit - taken }).changes;
      return taken;
    },
  };
}
