import { readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { ENDED, type Job } from '../../domain/job.ts';
import { createLeaseObserver, executorState } from '../../supervision/lease.ts';
import { deleteOrphanedEnumerations, findOrphanedEnumerations } from '../../supervision/orphaned-enumerations.ts';
import { vacuum } from '../../supervision/reclaim.ts';
import { type Call, type OrchestratorDeps, operation, TERMINAL } from '../operation.ts';
import { deleteJob } from './delete-job.ts';

const input = z.strictObject({
  older_than_s: z.number().min(0).describe('Only jobs that ended at least so many seconds ago'),
  what: z
    .enum(['runs', 'jobs'])
    .describe('runs: run directories, with the conversations of agents; jobs: also the jobs with all their results'),
  dry_run: z.boolean(),
});

/** Report of what was removed, or with `dry_run` would be. */
const report = z.object({
  dry_run: z.boolean(),
  /** Jobs that are removed, or whose run directories are: `bytes` is the size of those. */
  jobs: z.array(
    z.object({ job_id: z.string(), name: z.string(), status: z.string(), ended_at: z.string(), bytes: z.number() }),
  ),
  /** Files of jobs that are not in the database. */
  strays: z.array(z.object({ path: z.string(), bytes: z.number() })),
  /** Jobs whose creation was never finished: their creator died or failed while their units were being stored. */
  orphans: z.array(z.object({ job_id: z.string(), name: z.string(), units: z.int() })),
  /** Size of all removed files. */
  bytes: z.number(),
  store: z.object({ bytes_before: z.number(), bytes_after: z.number(), held_by_reader: z.boolean() }),
});

/** Removes what ended long ago. */
export const pruneStore = operation({
  name: 'prune_store',
  title: 'Remove old jobs or their run directories',
  interfaces: TERMINAL,
  description:
    'Removes jobs or run directories that ended long ago, and jobs whose creation was never finished; outputs that agents wrote stay. Shrinks the database.',
  input,
  output: report,
  effect: 'destructive',
  run: prune,
});

const JOBS_A_PAGE = 500;

/**
 * Removes jobs or run directories that ended long ago, and jobs whose creation was never finished; outputs that agents wrote
 * stay. Then vacuums the database in short steps and truncates its log as far as readers allow: other processes are not blocked.
 */
async function prune(
  deps: OrchestratorDeps,
  request: z.output<typeof input>,
  call: Call,
): Promise<z.input<typeof report>> {
  const { repository, places, clock } = deps;
  const before = await repository.maintenance.size();
  const strays = await straysOf(deps);
  if (!request.dry_run) for (const { path } of strays) await rm(path, { recursive: true, force: true });
  const jobs: z.input<typeof report>['jobs'] = [];
  for (const job of await endedBefore(deps, clock.now() - request.older_than_s * 1000)) {
    call.signal?.throwIfAborted();
    const bytes = await sizeOf(places.runs(job.jobId));
    if (request.what === 'runs' && bytes === 0) continue;
    jobs.push({
      job_id: job.jobId,
      name: job.name,
      status: job.status,
      ended_at: new Date(job.endedAt ?? job.createdAt).toISOString(),
      bytes,
    });
    if (request.dry_run) continue;
    if (request.what === 'jobs') await deleteJob.run(deps, { job_id: job.jobId }, call);
    else await rm(places.runs(job.jobId), { recursive: true, force: true });
  }
  const orphans = await findOrphanedEnumerations({ repository, clock, observer: createLeaseObserver(clock) }, true);
  const pruned = await Promise.all(
    orphans.map(async ({ jobId, name }) => {
      return { job_id: jobId, name, units: (await repository.units.counts(jobId)).total };
    }),
  );
  if (!request.dry_run) await deleteOrphanedEnumerations(repository, orphans);
  const held = request.dry_run ? false : !(await vacuum(repository));
  return {
    dry_run: request.dry_run,
    jobs,
    strays,
    orphans: pruned,
    bytes: [...jobs, ...strays].reduce((sum, { bytes }) => sum + bytes, 0),
    store: {
      bytes_before: before.bytes,
      bytes_after: (await repository.maintenance.size()).bytes,
      held_by_reader: held,
    },
  };
}

/** Lists jobs that ended before a time and have neither a living executor nor a running attempt. */
async function endedBefore({ repository }: OrchestratorDeps, time: number): Promise<readonly Job[]> {
  const found: Job[] = [];
  for (let after: Job | undefined; ; ) {
    const { jobs } = await repository.jobs.list({ statuses: ENDED, limit: JOBS_A_PAGE, ...(after ? { after } : {}) });
    for (const job of jobs) {
      if ((job.endedAt ?? job.createdAt) > time) continue;
      if (executorState(await repository.leases.get(job.jobId)) === 'alive') continue;
      if ((await repository.attempts.running(job.jobId)).length === 0) found.push(job);
    }
    after = jobs.at(-1);
    if (jobs.length < JOBS_A_PAGE) return found;
  }
}

/** Lists run directories without a job: the remains of an interrupted deletion. */
async function straysOf({ repository, places }: OrchestratorDeps) {
  const found = await Promise.all(
    [places.runs('job-any'), places.owners('job-any')].map(async (place) => {
      const names = await readdir(dirname(place)).catch((): string[] => []);
      const strays: string[] = [];
      for (const name of names.filter((each) => /^job-[a-z0-9]+$/.test(each))) {
        if ((await repository.jobs.get(name)) === null) strays.push(join(dirname(place), name));
      }
      return strays;
    }),
  );
  return Promise.all(found.flat().map(async (path) => ({ path, bytes: await sizeOf(path) })));
}

/**
 * Sums the bytes of all files below a folder; 0 when it does not exist. One folder at a time: a job may have millions of
 * files.
 */
async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  let bytes = 0;
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += await sizeOf(path);
    else if (entry.isFile()) bytes += (await stat(path).catch(() => ({ size: 0 }))).size;
  }
  return bytes;
}
