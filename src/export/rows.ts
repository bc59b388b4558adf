import type { Job } from '../domain/job.ts';
import { stepsOf } from '../domain/step.ts';
import type { UnitStatus } from '../domain/unit.ts';
import type { Repository } from '../ports/repository.ts';
import { type ExportRow, exportRow } from './row.ts';

/** Units per page; small, so that a page is freed before the garbage collector promotes it. */
const PAGE = 200;

/** Yields a job's units as export rows, in index order, page by page: memory does not grow with the job. */
export async function* exportRows(
  repository: Repository,
  job: Pick<Job, 'jobId'>,
  statuses?: readonly UnitStatus[],
): AsyncGenerator<ExportRow> {
  const now = await repository.jobs.get(job.jobId);
  const revision = now && (await repository.jobs.revision(now.jobId, now.revision));
  const steps = revision ? stepsOf(revision, 'unit').map(({ name }) => name) : [];
  let after = -1;
  for (;;) {
    const page = await repository.units.results(job.jobId, { after, ...(statuses ? { statuses } : {}) }, PAGE);
    for (const row of page) yield exportRow(row, steps);
    const last = page.at(-1);
    if (!last || page.length < PAGE) return;
    after = last.unit.index;
  }
}
