import type { Exit } from '../exit-codes.ts';
import type { Session } from '../session.ts';

/** One look for jobs whose process is gone. Those that cannot be helped from here need a person. */
export async function recoverJobs(session: Session): Promise<Exit> {
  const { recovery } = await session.abp();
  const { recovered, refused, deleted } = await recovery.tick({ patient: true });
  const lines = [
    ...recovered.map((jobId) => `${jobId} has a new executor.`),
    ...refused.map(({ jobId, reason }) => `${jobId} cannot be helped from here: ${reason}`),
    ...deleted.map((jobId) => `${jobId} was never finished being made and is removed.`),
  ];
  session.answer(
    { recovered, refused: refused.map(({ jobId, reason }) => ({ job_id: jobId, reason })), deleted },
    lines.join('\n') || 'No job has lost its executor.',
  );
  return refused.length > 0 ? 'person' : 'done';
}
