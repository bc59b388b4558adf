import { sentences } from '../../domain/sentences.ts';
import type { Exit } from '../exit-codes.ts';
import type { Session } from '../session.ts';

/** Starts new executors, once, for jobs whose executor died or hangs. A job that cannot be recovered here means action required. */
export async function recoverJobs(session: Session): Promise<Exit> {
  const found = await session.call('recover_jobs', {}, { onProgress: ({ message }) => session.say(message) });
  const { recovered, stood_still, refused, deleted } = found;
  const before = new Map(stood_still.map(({ job_id, executor_pid }) => [job_id, executor_pid]));
  const lines = [
    ...recovered.map((jobId) => {
      const pid = before.get(jobId);
      return `${jobId} has a new executor${pid === undefined ? '.' : `: the one before (pid ${pid}) did not respond.`}`;
    }),
    ...found.silent.map(({ message }) => sentences(message, 'Then run abp recover again.')),
    ...refused.map(({ job_id, reason }) => `${job_id} cannot be recovered here: ${reason}`),
    ...deleted.map((jobId) => `${jobId} was never completely created and was removed.`),
  ];
  const silent = found.silent.map(({ message: _, ...each }) => each);
  session.answer({ ...found, silent }, lines.join('\n') || 'No job has lost its executor.');
  return refused.length + silent.length > 0 ? 'person' : 'done';
}
