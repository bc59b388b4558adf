import { silentText } from '../../supervision/await-heartbeats.ts';
import type { Exit } from '../exit-codes.ts';
import type { Session } from '../session.ts';

/**
 * One look for jobs whose process is gone, or stands still: that takes a moment. Those that cannot be helped from here need
 * a person.
 */
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
      return `${jobId} has a new executor${pid === undefined ? '.' : `: the one before (pid ${pid}) stood still.`}`;
    }),
    ...silent.map((found) => `${found.jobId}: ${silentText(found)} Run abp recover again then.`),
    ...refused.map(({ jobId, reason }) => `${jobId} cannot be helped from here: ${reason}`),
    ...deleted.map((jobId) => `${jobId} was never finished being made and is removed.`),
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
