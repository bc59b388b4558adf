import { systemClock } from '../../clock.ts';
import type { Exit } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { isAtRest } from './follow.ts';
import { exitOf } from './summary.ts';

const LOOK_MS = 500;

/** Waits until nothing will change by itself, at most `seconds`; a job whose executor is gone counts as such. */
export async function waitForRest(session: Session, jobId: string, seconds: number): Promise<Exit> {
  return session.interruptible((signal) => look(session, jobId, seconds, signal));
}

async function look(session: Session, jobId: string, seconds: number, signal: AbortSignal): Promise<Exit> {
  const until = systemClock.monotonic() + seconds * 1000;
  for (;;) {
    const status = await session.call('get_job_status', { job_id: jobId });
    const resting = isAtRest(status) || status.executor.state === 'lost';
    if (resting || systemClock.monotonic() >= until) {
      session.answer(status, `${jobId} is ${status.status}${status.pause_reason ? ` (${status.pause_reason})` : ''}.`);
      return resting ? exitOf(status) : 'person';
    }
    await systemClock.sleep(Math.min(LOOK_MS, Math.max(1, until - systemClock.monotonic())), signal);
    signal.throwIfAborted();
  }
}
