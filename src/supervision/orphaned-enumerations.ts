import type { Job } from '../domain/job.ts';
import type { Lease } from '../domain/lease.ts';
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
  const { jobs } = await repository.jobs.list({ statuses: ['enumerating'], limit: MAX_JOBS });
  const leases = () => Promise.all(jobs.map(({ jobId }) => repository.leases.get(jobId)));
  const isOver = (lease: Lease | null) => !lease || observer.isOver(lease);
  const first = await leases();
  for (;;) {
    const now = await leases();
    const isInDoubt = (lease: Lease | null, n: number) => !isOver(lease) && lease?.heartbeat === first[n]?.heartbeat;
    if (!patient || !now.some(isInDoubt)) return jobs.filter((_, n) => isOver(now[n] ?? null));
    await clock.sleep(POLL_MS);
  }
}

/** Deletes orphaned enumerations, and jobs whose deletion was interrupted; returns their ids. */
export async function deleteOrphanedEnumerations(
  repository: Repository,
  orphans: readonly Job[],
): Promise<readonly string[]> {
  for (const { jobId } of orphans) {
    await withReserve(repository, () =>
      repository.transaction({ job: jobId }, async (tx) => {
        // A creator that released its lease meanwhile has finished.
        if ((await tx.jobs.get(jobId))?.status === 'enumerating') await tx.jobs.markDeleting(jobId);
      }),
    );
  }
  const deleted = await repository.jobs.deleting();
  for (const jobId of deleted) await deleteInChunks(repository, jobId);
  return deleted;
}
