import type { Exit } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { isAtRest } from './follow.ts';
import { exitOf } from './summary.ts';

/** Between two looks while nothing changes: an executor that dies does not say so. */
const LOOK_MS = 1000;

/** Waits until nothing will change by itself, at most `seconds`; a job whose executor is gone counts as such. */
export function waitForRest(session: Session, jobId: string, seconds: number): Promise<Exit> {
  return session.interruptible(async (signal) => {
    const { orchestrator } = await session.abp();
    const until = performance.now() + seconds * 1000;
    const remainingMs = () => until - performance.now();
    for await (const _ of orchestrator.changes(signal, () => Math.min(LOOK_MS, remainingMs()))) {
      const status = await session.call('get_job_status', { job_id: jobId });
      const resting = isAtRest(status) || status.executor.state === 'lost';
      if (!resting && remainingMs() > 0) continue;
      session.answer(status, `${jobId} is ${status.status}${status.pause_reason ? ` (${status.pause_reason})` : ''}.`);
      return resting ? exitOf(status) : 'person';
    }
    throw signal.reason;
  });
}
