import type Database from 'better-sqlite3';
import { AbpError } from '../../domain/error.ts';
import type { Clock } from '../../ports/clock.ts';
import type { JobStore, NewRevision } from '../../ports/job-store.ts';
import type { Sync } from '../promised.ts';
import { toRevision } from '../rows.ts';
import { allRows, query, runWrite, statement } from '../statement.ts';

/** The numbered versions of a job's steps and limits on SQLite. */
export function createRevisionStore(
  db: Database.Database,
  clock: Clock,
): Pick<Sync<JobStore>, 'revision' | 'revisions' | 'setSteps' | 'setNeeds' | 'addRevision'> {
  const revision = statement(db, (p: { jobId: string; revision: number }) =>
    query.selectFrom('job_revisions').selectAll().where('job_id', '=', p.jobId).where('revision', '=', p.revision),
  );
  const set = (jobId: string, number: number, change: { readonly steps: string } | { readonly needs: string }) => {
    runWrite(
      db,
      query.updateTable('job_revisions').set(change).where('job_id', '=', jobId).where('revision', '=', number),
    );
  };
  return {
    revision(jobId, number) {
      const row = revision.get({ jobId, revision: number });
      return row ? toRevision(row) : null;
    },
    revisions: (jobId) =>
      allRows(db, query.selectFrom('job_revisions').selectAll().where('job_id', '=', jobId).orderBy('revision')).map(
        toRevision,
      ),
    setSteps(jobId, number, steps) {
      set(jobId, number, { steps: JSON.stringify(steps) });
    },
    setNeeds(jobId, number, needs) {
      set(jobId, number, { needs: JSON.stringify(needs) });
    },
    addRevision(next) {
      const newest = allRows(
        db,
        query
          .selectFrom('job_revisions')
          .select((eb) => eb.fn.max('revision').as('newest'))
          .where('job_id', '=', next.jobId),
      )[0]?.newest;
      if (newest == null) throw new AbpError('not_found', `No job ${next.jobId}.`);
      const number = Number(newest) + 1;
      // A unit may be at any of them.
      const before = this.revision(next.jobId, number - 1)?.steps.length ?? 0;
      if (next.steps.length < before) throw new AbpError('internal', `Expected at least ${before} steps, found fewer.`);
      insertRevision(db, number, next, clock.now());
      runWrite(
        db,
        query
          .updateTable('jobs')
          .set({ revision: number, max_workers: next.limits.max_workers })
          .where('job_id', '=', next.jobId),
      );
      return number;
    },
  };
}

/** Stores a revision under its number. */
export function insertRevision(db: Database.Database, number: number, next: NewRevision, createdAt: number): void {
  runWrite(
    db,
    query.insertInto('job_revisions').values({
      job_id: next.jobId,
      revision: number,
      steps: JSON.stringify(next.steps),
      limits: JSON.stringify(next.limits),
      note: next.note,
      created_at: createdAt,
      needs: null,
    }),
  );
}
