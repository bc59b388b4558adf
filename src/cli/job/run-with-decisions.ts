import type { Exit } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { askingForApproval } from './allow.ts';
import { type Followed, followJob } from './follow.ts';
import { nextText, shownHere } from './next-commands.ts';
import type { Overview } from './status-text.ts';
import { exitOf, resultsText, summaryText } from './summary.ts';
import { askAboutFailure, askDecision, type Decision, testText } from './test-text.ts';

/** How a job's test is decided, and how far it is followed. */
export interface DecideOptions {
  /** Approve a passed test without asking. */
  readonly yes: boolean;
  /** Try a failed test again. */
  readonly again?: boolean;
  /** Run everything at once. */
  readonly skipTest: boolean;
  /** Do not wait for the end once it runs. */
  readonly detach: boolean;
  readonly note?: string | undefined;
}

/**
 * Starts a created or tested job: its test, the decision about it, then all other units, followed until the job rests.
 * Says all that a person wants to know on the way; the exit says where it stands.
 */
export async function runWithDecisions(session: Session, jobId: string, deciding: DecideOptions): Promise<Exit> {
  const { say, terminal } = session;
  const note = deciding.note === undefined ? {} : { note: deciding.note };
  const start = { job_id: jobId, wait_seconds: 0 };
  const started = await askingForApproval(session, deciding.yes, () =>
    session.call('start_job', {
      ...start,
      ...(deciding.again ? { again: true } : {}),
      ...(deciding.skipTest ? { skip_test: true, ...note } : {}),
    }),
  );
  if (started.status === 'testing') {
    if (started.test?.state === 'running') say('Trying before the rest runs…');
    const followed = await followJob(session, jobId);
    const { job, left } = followed;
    if (left) return leave(session, job);
    // Cancelled with a key, or decided by somebody else meanwhile.
    if (job.status !== 'testing') return sumUp(session, followed);
    say(testText(await shownHere(session, job), terminal.colors));
    if (job.test?.state !== 'passed') say('Nothing else was run.');
    const decision = await decide(session, job, deciding);
    if (decision === 'later' || decision === 'interrupted') {
      say(`${jobId} waits for you. ${await nextText(session, jobId)}`);
      return decision === 'later' ? 'person' : 'interrupted';
    }
    if (decision === 'again') return runWithDecisions(session, jobId, { ...deciding, again: true });
    const approve = decision === 'approve';
    const shown = job.approval?.shown === undefined ? {} : { shown: job.approval.shown };
    await askingForApproval(session, deciding.yes, () =>
      session.call('start_job', { ...start, approve, ...shown, ...note }),
    );
    if (decision === 'reject') {
      say(`The test was rejected; ${jobId} is as it was created. ${await nextText(session, jobId)}`);
      return 'cancelled';
    }
  }
  if (!deciding.detach) return watchToEnd(session, jobId);
  say(`${jobId} runs by itself. Look at it with: abp watch ${jobId}`);
  return 'done';
}

/** Follows a job that is at work until it rests, and sums it up. */
export async function watchToEnd(session: Session, jobId: string): Promise<Exit> {
  const followed = await followJob(session, jobId);
  return followed.left ? leave(session, followed.job) : sumUp(session, followed);
}

/** Says how a job stands that is at rest. */
async function sumUp(session: Session, { job: followed, refused }: Followed): Promise<Exit> {
  const job = await shownHere(session, followed);
  const { say, terminal } = session;
  say();
  if (job.units.completed > 0) {
    const { repository } = (await session.abp()).orchestrator.deps;
    say(resultsText(repository, { jobId: job.job_id, totalUnits: job.units.total }, session));
    say();
  }
  say(summaryText(job, terminal.colors));
  if (job.status === 'testing') say(testText(job, terminal.colors));
  if (refused) say(`Its executor is gone and no other can be started here: ${refused}`);
  if (exitOf(job) === 'person') say(await nextText(session, job.job_id));
  return exitOf(job);
}

async function decide(session: Session, job: Overview, { yes }: DecideOptions): Promise<Decision> {
  if (job.test?.state !== 'passed') return session.terminal.interactive ? askAboutFailure(session) : 'later';
  if (yes) return 'approve';
  return session.terminal.interactive ? askDecision(session, job) : 'later';
}

function leave({ say }: Session, { job_id, status, pause_reason }: Overview): Exit {
  // Only a closed quota window opens by itself.
  const waits = status === 'paused' && pause_reason !== 'usage_limit';
  const command = waits ? `abp resume ${job_id} --watch` : `abp watch ${job_id}`;
  say(`${job_id} ${status === 'paused' ? 'is paused' : 'goes on'}. Come back with: ${command}`);
  return 'interrupted';
}
