import type { Tx } from '../../ports/repository.ts';

/**
 * Marks a job for deletion whose units are still being stored; `stored` = it is ready by now, or gone, and stays as it is.
 * One open transaction.
 */
export async function markEnumerating(tx: Tx, jobId: string): Promise<'marked' | 'stored'> {
  if ((await tx.jobs.get(jobId))?.status !== 'enumerating') return 'stored';
  await tx.jobs.markDeleting(jobId);
  return 'marked';
}
