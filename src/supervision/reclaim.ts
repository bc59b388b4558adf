import type { Deleted } from '../domain/answers.ts';
import type { Repository } from '../ports/repository.ts';
import { isDiskFull } from './disk.ts';

/** Rows deleted in one transaction. */
const DELETE_CHUNK = 2000;
/** Rows deleted in one transaction on a full disk. */
const SMALLEST_CHUNK = 20;
const PAGES_A_STEP = 1000;

/** Deletes a job marked for deletion, in short transactions that let other work run in between; also on a full disk. */
export async function deleteInChunks(repository: Repository, jobId: string): Promise<void> {
  let rows = DELETE_CHUNK;
  for (;;) {
    const deleted = await withReserve<Deleted>(repository, async () => {
      try {
        return await repository.transaction({ job: jobId }, (tx) => tx.jobs.deleteChunk(jobId, rows));
      } catch (error) {
        if (!isDiskFull(error) || rows === SMALLEST_CHUNK) throw error;
        rows = Math.max(SMALLEST_CHUNK, Math.floor(rows / 10));
        return 'left';
      }
    });
    if (deleted === 'deleted') return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/**
 * Runs a write; on a full disk, retries it after merging the log, then with the reserve. Only for writes that free
 * room, or stop what takes it.
 */
export async function withReserve<T>(
  { maintenance }: Pick<Repository, 'maintenance'>,
  write: () => Promise<T>,
): Promise<T> {
  for (let mayMerge = true; ; ) {
    try {
      return await write();
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      if (mayMerge && (await maintenance.mergeLog())) {
        mayMerge = false;
        continue;
      }
      if (!maintenance.spendReserve()) throw error;
      mayMerge = true;
    }
  }
}

/**
 * Returns free pages to the disk in steps that let other work run in between; true = the file could be truncated at
 * once.
 */
export async function vacuum(repository: Repository): Promise<boolean> {
  const { maintenance } = repository;
  // Throws the reason when the store cannot be written.
  await repository.transaction('none', () => Promise.resolve());
  for (let { freeBytes: free } = await maintenance.size(); free > 0; ) {
    const left = await withReserve(repository, () => maintenance.vacuum(PAGES_A_STEP));
    if (left >= free) break;
    free = left;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return withReserve(repository, () => maintenance.checkpoint());
}
