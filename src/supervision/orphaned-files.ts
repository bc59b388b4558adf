import type { Job } from '../domain/job.ts';
import type { Clock } from '../ports/clock.ts';
import type { Repository } from '../ports/repository.ts';
import type { LeaseObserver } from './lease.ts';
import { deleteInChunks, withReserve } from './reclaim.ts';

const LOOK_MS = 250;
const LOOKED_AT = 100;

/** What looks for enumerations that nobody works on. */
export interface OrphanSearch {
  readonly repository: Repository;
  readonly observer: LeaseObserver;
  readonly clock: Clock;
}

/**
 * Jobs whose units were being stored when their creator died or failed: not listed, never ready. `patient` also finds those
 * whose process lives: it waits up to a lease for a sign of life of theirs.
 */
export async function findOrphans(
  { repository, observer, clock }: OrphanSearch,
  patient: boolean,
): Promise<readonly Job[]> {
  const { jobs } = repository.jobs.list({ statuses: ['enumerating'], limit: LOOKED_AT });
  const isOver = ({ jobId }: Job) => {
    const lease = repository.leases.get(jobId);
    return !lease || observer.isOver(lease);
  };
  const heartbeats = new Map(jobs.map(({ jobId }) => [jobId, repository.leases.get(jobId)?.heartbeat]));
  const moves = ({ jobId }: Job) => repository.leases.get(jobId)?.heartbeat !== heartbeats.get(jobId);
  while (patient && jobs.some((job) => !isOver(job) && !moves(job))) await clock.sleep(LOOK_MS);
  return jobs.filter(isOver);
}

/** Takes orphaned enumerations apart, and jobs whose deletion was cut off; the ids of those that are gone now. */
export async function removeOrphans(repository: Repository, orphans: readonly Job[]): Promise<readonly string[]> {
  if (orphans.length > 0) {
    await repository.turn();
    withReserve(repository, () =>
      repository.transaction((tx) => {
        for (const { jobId } of orphans) {
          // A creator that let go had done its work: between two looks at it.
          if (repository.jobs.get(jobId)?.status === 'enumerating') repository.jobs.markDeleting(tx, jobId);
        }
      }),
    );
  }
  const deleted = repository.jobs.deleting();
  for (const jobId of deleted) await deleteInChunks(repository, jobId);
  return deleted;
}
