import type { Exit } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { watchToEnd } from './run-with-decisions.ts';

/** After a command that put a job to work: follows it to its end if that was asked for, else says what was done. */
export async function watchIfAsked(session: Session, jobId: string, watch: boolean, done: string): Promise<Exit> {
  const exit = watch ? await watchToEnd(session, jobId) : 'done';
  const hint = watch ? undefined : `${done} Look at it with: abp watch ${jobId}`;
  session.answer(await session.call('get_job_status', { job_id: jobId }), hint);
  return exit;
}
