import type Database from 'better-sqlite3';
import type { Clock } from '../../ports/clock.ts';
import type { Dispatcher } from '../../ports/dispatcher.ts';
import type { Sync } from '../promised.ts';

/** Makes the settlement: the attempt, what it cost its job and step, and its unit with the result. */
export function createSettle(db: Database.Database, clock: Clock): Sync<Dispatcher>['settle'] {
  const endAttempt = db.prepare(
    `UPDATE attempts SET status = @status, failure_class = @failureClass, message = @message, result = @result,
       cost_usd = @costUsd, cost_estimated = @costEstimated, usage = @usage, notes = @notes,
       ended_at = max(@now, started_at), reserved_usd = 0
     WHERE job_id = @jobId AND scope = @scope AND idx = @index AND attempt = @attempt AND status = 'running'`,
  );
  const spend = db.prepare(
    `UPDATE jobs SET cost_usd = cost_usd + @costUsd, cost_estimated = max(cost_estimated, @costEstimated),
       input_tokens = input_tokens + @inputTokens, output_tokens = output_tokens + @outputTokens,
       executors_lost = CASE WHEN @interrupted THEN executors_lost ELSE 0 END
     WHERE job_id = @jobId`,
  );
  const spendAtStep = db.prepare(
    `UPDATE step_totals SET cost_usd = cost_usd + @costUsd, max_attempt_cost_usd = max(max_attempt_cost_usd, @costUsd)
     WHERE job_id = @jobId AND scope = @scope AND step = @step`,
  );
  const keepResult = db.prepare(
    `INSERT INTO results (job_id, scope, idx, step, attempt) VALUES (@jobId, @scope, @index, @step, @attempt)
     ON CONFLICT DO UPDATE SET attempt = excluded.attempt`,
  );
  const endUnit = db.prepare(
    `UPDATE units SET status = @status, step = @step, retries_used = @retriesUsed, deferrals = @deferrals, interruptions = @interruptions,
       not_before = @notBefore, failure_class = @failureClass, failure_message = @failureMessage
     WHERE job_id = @jobId AND scope = @scope AND idx = @index AND status = 'running' AND attempt = @attempt`,
  );
  return (claim, { attemptStatus, outcome, decision }) => {
    const { jobId, scope, index, attempt, step } = claim.attempt;
    const key = { jobId, scope, index, attempt };
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
    if (costUsd > 0) spendAtStep.run({ jobId, scope, step, costUsd });
    if (endUnit.run({ ...key, ...decision }).changes === 0) return 'fenced';
    if (outcome.ok) keepResult.run({ ...key, step });
    return 'settled';
  };
}
