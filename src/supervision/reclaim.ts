import type { Repository } from '../ports/repository.ts';
import { isDiskFull } from './disk.ts';

/** Rows of a job deleted in one transaction. */
const DELETE_CHUNK = 2000;
/** On a full disk: what still fits into a little room. */
const SMALLEST_CHUNK = 20;
const PAGES_A_STEP = 1000;

/** Deletes a job that is marked for it, in short transactions, giving way to others between them; also on a full disk. */
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
 * Does what writes to the store; where the disk is full, in the place of the merged log and with the room that was kept for
 * it. Only for what gives room back, or stops what takes it.
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

/** Gives free pages back to the disk in steps, giving way to others between them; true = the file could shrink at once. */
export async function vacuum(repository: Repository): Promise<boolean> {
  const { maintenance, turn } = repository;
  await turn();
  // Where the store cannot be written, this says why.
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
