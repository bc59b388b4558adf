import type Database from 'better-sqlite3';
import { sql } from 'kysely';
import type { Handle } from '../../domain/attempt.ts';
import { EXECUTING } from '../../domain/job.ts';
import type { ProcessIdentity } from '../../domain/lease.ts';
import { type JobAtWork, slotRoom } from '../../domain/rules/slots.ts';
import type { Clock } from '../../ports/clock.ts';
import { query, statement } from '../statement.ts';

type AtWork = JobAtWork & { readonly scope: string };

/**
 * Makes the function that counts the slots which a job may still fill, when at most `maxTotal` attempts of all jobs run.
 * `isDead` says whether the process of a lease is certainly gone, `isGone` a run; they are asked only when slots are short.
 */
export function createRoom(
  db: Database.Database,
  clock: Clock,
  isDead: (process: ProcessIdentity) => boolean,
  isGone: (handle: Handle) => boolean,
): (jobId: string, maxTotal: number) => number {
  const running = statement(db, () =>
    query
      .selectFrom('attempts')
      .select('job_id')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .where('status', '=', sql.lit('running'))
      .groupBy('job_id'),
  );
  const atWork = jobsAtWork(db);
  const waiting = statement(db, (p: { jobId: string; scope: string; now: number }) =>
    query
      .selectFrom('units')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .where('job_id', '=', p.jobId)
      .where('scope', '=', p.scope)
      .where('status', '=', sql.lit('pending'))
      .where('not_before', '>', sql.lit(0))
      .where('not_before', '>', p.now),
  );
  const abandoned = createAbandoned(db, isDead, isGone);
  return (jobId, maxTotal) => {
    const used = new Map(running.all({}).map((row) => [row.job_id, row.n]));
    const jobs = atWork.all();
    const byTheRows = slotRoom(jobId, { used, atWork: jobs, maxTotal });
    // With enough for all, dead executors and back-offs make no difference.
    if (byTheRows.isEnough) return byTheRows.room;
    const gone = abandoned(jobId);
    const now = clock.now();
    const living = jobs
      .filter((job) => !gone.has(job.jobId))
      .map((job) => ({ ...job, pending: job.pending - (waiting.get({ ...job, now })?.n ?? 0) }));
    const usedNow = new Map([...used].map(([id, n]) => [id, gone.get(id) ?? n]));
    return slotRoom(jobId, { used: usedNow, atWork: living, maxTotal }).room;
  };
}

function jobsAtWork(db: Database.Database): Database.Statement<[], AtWork> {
  return db.prepare<[], AtWork>(
    `SELECT job_id AS jobId, iif(job_steps_begun, 'job', 'unit') AS scope, last_started_at AS lastStartedAt,
       iif(status = 'testing', min(test_units, max_workers), max_workers) AS bound,
       (SELECT ifnull(sum(count), 0) FROM unit_counts
        WHERE unit_counts.job_id = jobs.job_id AND scope = iif(jobs.job_steps_begun, 'job', 'unit')
          AND unit_counts.status = 'pending') AS pending
     FROM leases JOIN jobs USING (job_id)
     WHERE released = 0 AND status IN (${EXECUTING.map((status) => `'${status}'`).join()})`,
  );
}

/** Finds other jobs whose executor is dead, with the number of their living attempts: they use no more until recovery. */
function createAbandoned(
  db: Database.Database,
  isDead: (process: ProcessIdentity) => boolean,
  isGone: (handle: Handle) => boolean,
): (jobId: string) => ReadonlyMap<string, number> {
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
  const lives = ({ handle }: { handle: string | null }) => handle !== null && !isGone(JSON.parse(handle) as Handle);
  return (jobId) => {
    const dead = held.all({}).filter((lease) => lease.jobId !== jobId && isDead(lease));
    return new Map(dead.map((lease) => [lease.jobId, handles.all(lease).filter(lives).length]));
  };
}
