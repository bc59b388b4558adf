import type { Job } from '../domain/job.ts';
import type { Clock } from '../ports/clock.ts';
import type { Repository } from '../ports/repository.ts';
import type { LeaseObserver } from './lease.ts';
import { deleteInChunks, withReserve } from './reclaim.ts';

const POLL_MS = 250;
const MAX_JOBS = 100;

/** Dependencies of the search for orphaned enumerations. */
export interface OrphanSearch {
  readonly repository: Repository;
  readonly observer: LeaseObserver;
  readonly clock: Clock;
}

/**
 * Finds enumerations whose creator died or failed. `patient` also finds those whose process exists: it waits up to a
 * lease for a heartbeat.
 */
export async function findOrphanedEnumerations(
  { repository, observer, clock }: OrphanSearch,
  patient: boolean,
): Promise<readonly Job[]> {
  const { jobs } = repository.jobs.list({ statuses: ['enumerating'], limit: MAX_JOBS });
  const isOver = ({ jobId }: Job) => {
    const lease = repository.leases.get(jobId);
    return !lease || observer.isOver(lease);
  };
  const heartbeats = new Map(jobs.map(({ jobId }) => [jobId, repository.leases.get(jobId)?.heartbeat]));
  const hasHeartbeat = ({ jobId }: Job) => repository.leases.get(jobId)?.heartbeat !== heartbeats.get(jobId);
  while (patient && jobs.some((job) => !isOver(job) && !hasHeartbeat(job))) await clock.sleep(POLL_MS);
  return jobs.filter(isOver);
}

/** Deletes orphaned enumerations, and jobs whose deletion was interrupted; returns their ids. */
export async function deleteOrphanedEnumerations(
  repository: Repository,
  orphans: readonly Job[],
): Promise<readonly string[]> {
  if (orphans.length > 0) {
    await repository.turn();
    withReserve(repository, () =>
      repository.transaction((tx) => {
        for (const { jobId } of orphans) {
          // A creator that released its lease meanwhile has finished.
          if (repository.jobs.get(jobId)?.status === 'enumerating') repository.jobs.markDeleting(tx, jobId);
        }
      }),
    );
  }
  const deleted = repository.jobs.deleting();
  for (const jobId of deleted) await deleteInChunks(repository, jobId);
  return deleted;
}
