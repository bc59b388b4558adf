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

type InScope = { jobId: string; scope: string; limit: number };

/** Interruptions from which a unit is claimed alone. */
const ALONE = MAX_INTERRUPTIONS - 1;

/** Makes the function that finds units to claim, in order: due after a back-off, at a later step, at the first step. */
export function createCandidates(
  db: Database.Database,
): (request: ClaimRequest, limit: number, now: number) => readonly Candidate[] {
  const [due, later, fresh] = [whenDue(db), atLaterSteps(db), atFirstStep(db)];
  const chosen = statement(db, (p: InScope & { indexes: string }) =>
    pending(p).where(sql<boolean>`idx IN (SELECT value FROM json_each(${p.indexes}))`).orderBy('idx').limit(p.limit),
  );
  const alone = runningAlone(db);
  return ({ lease: { jobId }, scope, alone: onlyAlone, indexes }, limit, now) => {
    const at = { jobId, scope, now };
    if (indexes) return chosen.all({ ...at, indexes: JSON.stringify(indexes), limit });
    if (onlyAlone) return alone.all(at);
    const found = due.all({ ...at, limit });
    if (found.length < limit) found.push(...later.all({ ...at, limit: limit - found.length }));
    if (found.length < limit) found.push(...fresh.all({ ...at, limit: limit - found.length }));
    return found;
  };
}

// A unit that was put back while its agent is still being stopped waits until that attempt has ended.
function pending(scope: { jobId: string; scope: string }) {
  return query
    .selectFrom('units')
    .select(['idx', 'step'])
    .where('job_id', '=', scope.jobId)
    .where('scope', '=', scope.scope)
    .where('status', '=', sql.lit('pending'))
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('attempts')
            .select('attempt')
            .whereRef('attempts.job_id', '=', 'units.job_id')
            .whereRef('attempts.scope', '=', 'units.scope')
            .whereRef('attempts.idx', '=', 'units.idx')
            .where('attempts.status', '=', sql.lit('running')),
        ),
      ),
    );
}

const isOrdinary = sql<boolean>`interruptions < ${sql.lit(ALONE)}`;

function whenDue(db: Database.Database) {
  return statement(db, (p: InScope & { now: number }) =>
    pending(p)
      .where('not_before', '>', sql.lit(0))
      .where('not_before', '<=', p.now)
      .where(isOrdinary)
      .orderBy('not_before')
      .limit(p.limit),
  );
}

function atLaterSteps(db: Database.Database) {
  return statement(db, (p: InScope) =>
    atOnce(p).where('step', '>', sql.lit(0)).orderBy('step', 'desc').orderBy('idx').limit(p.limit),
  );
}

function atFirstStep(db: Database.Database) {
  return statement(db, (p: InScope) => atOnce(p).where('step', '=', sql.lit(0)).orderBy('idx').limit(p.limit));
}

/** Ordinary units that wait for no time. */
function atOnce(scope: InScope) {
  return pending(scope).where('not_before', '=', sql.lit(0)).where(isOrdinary);
}

/** The index is named: by itself SQLite walks through all pending units of the job. */
function runningAlone(db: Database.Database) {
  return db.prepare<[object], Candidate>(
    `SELECT idx, step FROM units INDEXED BY units_alone
     WHERE job_id = @jobId AND scope = @scope AND status = 'pending' AND interruptions >= ${ALONE}
       AND not_before <= @now AND NOT EXISTS (
         SELECT 1 FROM attempts
         WHERE attempts.job_id = units.job_id AND attempts.scope = units.scope AND attempts.idx = units.idx
           AND attempts.status = 'running')
     ORDER BY idx LIMIT 1`,
  );
}
