import { silentText } from '../../supervision/await-heartbeats.ts';
import type { Exit } from '../exit-codes.ts';
import type { Session } from '../session.ts';

/** Starts new executors, once, for jobs whose executor died or hangs. A job that cannot be recovered here means action required. */
export async function recoverJobs(session: Session): Promise<Exit> {
  const { recovery } = await session.abp();
  const { recovered, refused, deleted, ...seen } = await recovery.tick({
    patient: true,
    onSilent: (found) => session.say(`${found.jobId}: ${silentText(found)}`),
  });
  const { silent = [], stalled = [] } = seen;
  const before = new Map(stalled.map(({ jobId, pid }) => [jobId, pid]));
  const lines = [
    ...recovered.map((jobId) => {
      const pid = before.get(jobId);
      return `${jobId} has a new executor${pid === undefined ? '.' : `: the one before (pid ${pid}) did not respond.`}`;
    }),
    ...silent.map((found) => `${found.jobId}: ${silentText(found)} Then run abp recover again.`),
    ...refused.map(({ jobId, reason }) => `${jobId} cannot be recovered here: ${reason}`),
    ...deleted.map((jobId) => `${jobId} was never completely created and was removed.`),
  ];
  const document = {
    recovered,
    stood_still: stalled.map(({ jobId, pid }) => ({ job_id: jobId, executor_pid: pid })),
    silent: silent.map(({ jobId, pid, silentMs, leaseMs }) => ({
      job_id: jobId,
      executor_pid: pid,
      silent_s: Math.round(silentMs / 1000),
      lost_after_s: leaseMs / 1000,
    })),
    refused: refused.map(({ jobId, reason }) => ({ job_id: jobId, reason })),
    deleted,
  };
  session.answer(document, lines.join('\n') || 'No job has lost its executor.');
  return refused.length + silent.length > 0 ? 'person' : 'done';
}
