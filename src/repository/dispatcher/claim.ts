import { randomUUID } from 'node:crypto';
import type Database from 'better-sqlite3';
import { isAffordable, reserved } from '../../domain/rules/budget.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Claim, Dispatcher } from '../../ports/dispatcher.ts';
import type { Sync } from '../promised.ts';
import { toAttempt, toUnit } from '../rows.ts';
import type { AttemptsTable, UnitsTable } from '../schema.ts';
import { createCandidates } from './candidates.ts';

/** Makes the claim: of due units, within `room`, by the holder of the lease alone. */
export function createClaim(
  db: Database.Database,
  clock: Clock,
  room: (jobId: string, maxTotal: number) => number,
): Sync<Dispatcher>['claim'] {
  const candidates = createCandidates(db);
  const countTries = createCountTries(db);
  const holds = db.prepare(
    'SELECT 1 FROM leases WHERE job_id = @jobId AND epoch = @epoch AND owner = @owner AND released = 0',
  );
  const take = db.prepare<[object], UnitsTable>(
    `UPDATE units SET status = 'running', attempt = attempt + 1, not_before = 0
     WHERE job_id = @jobId AND scope = @scope AND idx = @idx AND status = 'pending' RETURNING *`,
  );
  const begin = db.prepare<[object], AttemptsTable>(
    `INSERT INTO attempts (job_id, scope, idx, attempt, step, purpose, revision, epoch, attempt_id, run_directory,
       reserved_usd, started_at)
     VALUES (@job_id, @scope, @idx, @attempt, @step, @purpose, @revision, @epoch, @attemptId, @directory, @reservation, @now)
     RETURNING *`,
  );
  const started = db.prepare('UPDATE jobs SET last_started_at = @now WHERE job_id = @jobId');
  return (request) => {
    const { lease, scope, revision, purpose, maxTotalWorkers } = request;
    const { jobId, epoch } = lease;
    const limit = Math.min(request.limit, room(jobId, maxTotalWorkers));
    if (limit < 1 || holds.get(lease) === undefined) return { claims: [], unaffordable: null };
    const now = clock.now();
    const claims: Claim[] = [];
    let { budget } = request;
    let unaffordable: number | null = null;
    for (const { idx, step } of candidates(request, limit, now)) {
      if (budget !== null && !isAffordable(budget, step)) {
        unaffordable = step;
        break;
      }
      const row = take.get({ jobId, scope, idx });
      if (!row) continue;
      const reservation = budget?.reservationsUsd[step] ?? 0;
      const ids = { epoch, attemptId: randomUUID(), directory: request.runDirectory(idx, row.attempt) };
      const attempt = begin.get({ ...row, ...ids, purpose, revision, reservation, now });
      if (attempt) claims.push({ unit: toUnit(row), attempt: toAttempt(attempt) });
      budget = budget && reserved(budget, step);
    }
    if (claims.length > 0) started.run({ jobId, now });
    countTries(claims);
    return { claims, unaffordable };
  };
}

/** Makes the function that counts claims which are the first of their unit at their step. */
function createCountTries(db: Database.Database): (claims: readonly Claim[]) => void {
  const tried = db.prepare(
    `INSERT INTO step_totals (job_id, scope, step, units_tried) VALUES (@jobId, @scope, @step, @n)
     ON CONFLICT DO UPDATE SET units_tried = units_tried + @n`,
  );
  const triedBefore = db.prepare<[object], number>(
    `SELECT 1 FROM attempts WHERE job_id = @jobId AND scope = @scope AND idx = @index AND step = @step
       AND attempt < @attempt LIMIT 1`,
  );
  return (claims) => {
    const isFirst = ({ attempt }: Claim) =>
      attempt.attempt === 1 ||
      ((attempt.step > 0 || attempt.scope === 'job') && triedBefore.get(attempt) === undefined);
    const bySteps = Map.groupBy(claims.filter(isFirst), ({ attempt }) => attempt.step);
    for (const [step, [first, ...others]] of bySteps) {
      if (first) tried.run({ jobId: first.unit.jobId, scope: first.unit.scope, step, n: others.length + 1 });
    }
  };
}
