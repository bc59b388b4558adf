import type Database from 'better-sqlite3';
import { sql } from 'kysely';
import { MAX_INTERRUPTIONS } from '../../domain/rules/retry.ts';
import type { ClaimRequest } from '../../ports/dispatcher.ts';
import { query, statement } from '../statement.ts';

/** A unit that may be claimed, and the step it is at. */
export interface Candidate {
  readonly idx: number;
  readonly step: number;
}

type InStage = { jobId: string; stage: string; limit: number };

/** Interruptions from which a unit is claimed alone. */
const ALONE = MAX_INTERRUPTIONS - 1;

/** Makes the function that finds units to claim, in order: due after a back-off, at a later step, at the first step. */
export function createCandidates(
  db: Database.Database,
): (request: ClaimRequest, limit: number, now: number) => readonly Candidate[] {
  const [due, later, fresh] = [whenDue(db), atLaterSteps(db), atFirstStep(db)];
  const chosen = statement(db, (p: InStage & { indexes: string }) =>
    pending(p).where(sql<boolean>`idx IN (SELECT value FROM json_each(${p.indexes}))`).orderBy('idx').limit(p.limit),
  );
  const alone = runningAlone(db);
  return ({ lease: { jobId }, stage, alone: onlyAlone, indexes }, limit, now) => {
    const at = { jobId, stage, now };
    if (indexes) return chosen.all({ ...at, indexes: JSON.stringify(indexes), limit });
    if (onlyAlone) return alone.all(at);
    const found = due.all({ ...at, limit });
    if (found.length < limit) found.push(...later.all({ ...at, limit: limit - found.length }));
    if (found.length < limit) found.push(...fresh.all({ ...at, limit: limit - found.length }));
    return found;
  };
}

// A unit that was put back while its agent is still being stopped waits until that attempt has ended.
function pending(stage: { jobId: string; stage: string }) {
  return query
    .selectFrom('units')
    .select(['idx', 'step'])
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
}

const isOrdinary = sql<boolean>`interruptions < ${sql.lit(ALONE)}`;

function whenDue(db: Database.Database) {
  return statement(db, (p: InStage & { now: number }) =>
    pending(p)
      .where('not_before', '>', sql.lit(0))
      .where('not_before', '<=', p.now)
      .where(isOrdinary)
      .orderBy('not_before')
      .limit(p.limit),
  );
}

function atLaterSteps(db: Database.Database) {
  return statement(db, (p: InStage) =>
    atOnce(p).where('step', '>', sql.lit(0)).orderBy('step', 'desc').orderBy('idx').limit(p.limit),
  );
}

function atFirstStep(db: Database.Database) {
  return statement(db, (p: InStage) => atOnce(p).where('step', '=', sql.lit(0)).orderBy('idx').limit(p.limit));
}

/** Ordinary units that wait for no time. */
function atOnce(stage: InStage) {
  return pending(stage).where('not_before', '=', sql.lit(0)).where(isOrdinary);
}

/** The index is named: by itself SQLite walks through all pending units of the job. */
function runningAlone(db: Database.Database) {
  return db.prepare<[object], Candidate>(
    `SELECT idx, step FROM units INDEXED BY units_alone
     WHERE job_id = @jobId AND stage = @stage AND status = 'pending' AND interruptions >= ${ALONE}
       AND not_before <= @now AND NOT EXISTS (
         SELECT 1 FROM attempts
         WHERE attempts.job_id = units.job_id AND attempts.stage = units.stage AND attempts.idx = units.idx
           AND attempts.status = 'running')
     ORDER BY idx LIMIT 1`,
  );
}
