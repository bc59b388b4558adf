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
    await repository.turn();
    const deleted = withReserve(repository, () => {
      try {
        return repository.transaction((tx) => repository.jobs.deleteChunk(tx, jobId, rows));
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
export function withReserve<T>({ maintenance }: Pick<Repository, 'maintenance'>, write: () => T): T {
  for (let mayMerge = true; ; ) {
    try {
      return write();
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      if (mayMerge && maintenance.mergeLog()) {
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
  const { maintenance, turn } = repository;
  await turn();
  // Throws the reason when the store cannot be written.
  repository.transaction(() => undefined);
  for (let free = maintenance.size().freeBytes; free > 0; ) {
    await turn();
    const left = withReserve(repository, () => repository.transaction(() => maintenance.vacuum(PAGES_A_STEP)));
    if (left >= free) break;
    free = left;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return withReserve(repository, () => maintenance.checkpoint());
}
