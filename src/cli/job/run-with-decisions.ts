import type { Exit } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { withApproval } from './approval.ts';
import { type Followed, followJob } from './follow.ts';
import { nextText, shownHere } from './next-commands.ts';
import type { Overview } from './status-text.ts';
import { exitOf, resultsText, summaryText } from './summary.ts';
import { askAboutFailure, askDecision, type Decision, testText } from './test-text.ts';

/** How to decide about a job's test, and how long to follow the job. */
export interface DecideOptions {
  /** Allow what it can do and approve a passed test without asking. */
  readonly yes: boolean;
  /** Repeat a failed test. */
  readonly again?: boolean;
  /** Run all units without a test. */
  readonly skipTest: boolean;
  /** Return as soon as the job runs. */
  readonly detach: boolean;
  readonly note?: string | undefined;
}

/**
 * Starts a created or tested job: runs its test, decides about it, then follows all other units until the job ends or needs
 * action. Prints results and progress; the exit gives the state of the job.
 */
export async function runWithDecisions(session: Session, jobId: string, options: DecideOptions): Promise<Exit> {
  const { say } = session;
  const note = options.note === undefined ? {} : { note: options.note };
  const start = { job_id: jobId, wait_seconds: 0 };
  const started = await withApproval(session, options.yes, () =>
    session.call('start_job', {
      ...start,
      ...(options.again ? { again: true } : {}),
      ...(options.skipTest ? { skip_test: true, ...note } : {}),
    }),
  );
  if (started.status === 'testing') {
    if (started.test?.state === 'running') say('Testing before the rest runs…');
    const followed = await followJob(session, jobId);
    const { job, left } = followed;
    if (left) return leave(session, job);
    // Cancelled with a key, or decided elsewhere meanwhile.
    if (job.status !== 'testing') return sumUp(session, followed);
    say(await testText(session, await shownHere(session, job)));
    if (job.test?.state !== 'passed') say('No other unit was run.');
    const decision = await decide(session, job, options);
    if (decision === 'later' || decision === 'interrupted') {
      say(`${jobId} waits for your decision. ${await nextText(session, jobId)}`);
      return decision === 'later' ? 'person' : 'interrupted';
    }
    if (decision === 'again') return runWithDecisions(session, jobId, { ...options, again: true });
    const approve = decision === 'approve';
    const shown = job.approval?.shown === undefined ? {} : { shown: job.approval.shown };
    await withApproval(session, options.yes, () => session.call('start_job', { ...start, approve, ...shown, ...note }));
    if (decision === 'reject') {
      say(`The test was rejected; ${jobId} has the status created again. ${await nextText(session, jobId)}`);
      return 'cancelled';
    }
  }
  if (!options.detach) return watchToEnd(session, jobId);
  say(`${jobId} runs in the background. Follow it with: abp watch ${jobId}`);
  return 'done';
}

/** Follows an active job until it ends or needs action, and prints a summary. */
export async function watchToEnd(session: Session, jobId: string): Promise<Exit> {
  const followed = await followJob(session, jobId);
  return followed.left ? leave(session, followed.job) : sumUp(session, followed);
}

/** Ends a command that started a job: follows the job if `watch`, otherwise prints what was done. */
export async function watchIfAsked(session: Session, jobId: string, watch: boolean, done: string): Promise<Exit> {
  const exit = watch ? await watchToEnd(session, jobId) : 'done';
  const text = watch ? undefined : `${done} Follow it with: abp watch ${jobId}`;
  session.answer(await session.call('get_job_status', { job_id: jobId }), text);
  return exit;
}

/** Prints the summary of a job that has ended or needs action. */
async function sumUp(session: Session, { job: followed, refused }: Followed): Promise<Exit> {
  const job = await shownHere(session, followed);
  const { say, terminal } = session;
  say();
  if (job.units.completed > 0) {
    say(await resultsText(session, job));
    say();
  }
  say(summaryText(job, terminal.colors));
  if (job.status === 'testing') say(await testText(session, job));
  if (refused) say(`Its executor died, and a new one cannot be started here: ${refused}`);
  if (exitOf(job) === 'person') say(await nextText(session, job.job_id));
  return exitOf(job);
}

async function decide(session: Session, job: Overview, { yes }: DecideOptions): Promise<Decision> {
  if (job.test?.state !== 'passed') return session.terminal.interactive ? askAboutFailure(session) : 'later';
  if (yes) return 'approve';
  return session.terminal.interactive ? askDecision(session, job) : 'later';
}

function leave({ say }: Session, { job_id, status, pause_reason }: Overview): Exit {
  // A job that waits for a usage limit resumes by itself.
  const needsResume = status === 'paused' && pause_reason !== 'usage_limit';
  const command = needsResume ? `abp resume ${job_id} --watch` : `abp watch ${job_id}`;
  say(`${job_id} ${status === 'paused' ? 'is paused' : 'continues'}. Follow it again with: ${command}`);
  return 'interrupted';
}
