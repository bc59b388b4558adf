import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Session } from '../session.ts';
import { exportAgain } from './output-text.ts';
import type { Overview, Shown } from './status-text.ts';

type Job = Pick<Overview, 'job_id' | 'status' | 'pause_reason' | 'executor' | 'test' | 'units' | 'output'>;

/**
 * Commands to continue with, the most likely first: at least one, and each is accepted as it is. Without a terminal to ask
 * on, commands that run a job which needs approval have --yes; before its first run the command is the approval.
 */
export async function nextCommands(session: Session, job: Job): Promise<readonly string[]> {
  if (await mayRunHere(session, job)) return commandsOf(job, (command) => command);
  const start = `abp start ${job.job_id}`;
  return commandsOf(job, (command) =>
    command === start ? `abp approvals allow ${job.job_id} --yes` : `${command} --yes`,
  );
}

/** The same as a sentence: `Next: abp …, or abp …`. */
export async function nextText(session: Session, jobId: string): Promise<string> {
  const job = await session.call('get_job_status', { job_id: jobId });
  return `Next: ${(await nextCommands(session, job)).join(', or ')}`;
}

/** Adds to a job whether it must be allowed, so that texts name commands that are accepted here. */
export async function shownHere(session: Session, job: Overview): Promise<Shown> {
  return { ...job, must_allow: !(await mayRunHere(session, job)) };
}

/** Whether a command that runs the job is accepted here: it is allowed, or there is a terminal to ask on. */
export async function mayRunHere(
  session: Session,
  { job_id, status }: Pick<Job, 'job_id' | 'status'>,
): Promise<boolean> {
  if (session.terminal.interactive || status === 'enumerating') return true;
  return (await session.call('job_approval', { job_id })).allowed;
}

function commandsOf(job: Job, run: (command: string) => string): readonly string[] {
  const { job_id, status, pause_reason, executor, test, units } = job;
  const exported = resultsCommand(job);
  const watch = `abp watch ${job_id}`;
  switch (status) {
    case 'enumerating':
      return [executor.state === 'lost' ? 'abp recover' : `abp status ${job_id}`];
    case 'created':
      return [run(`abp start ${job_id}`)];
    case 'testing':
      if (executor.state === 'lost') return [run(`abp resume ${job_id} --watch`)];
      if (test?.state === 'running') return [watch];
      return [
        run(test?.state === 'passed' ? `abp approve ${job_id}` : `abp start ${job_id} --again`),
        `abp reject ${job_id}`,
      ];
    case 'paused':
      return [pause_reason === 'usage_limit' ? watch : run(`abp resume ${job_id} --watch`)];
    case 'completed':
    case 'cancelled':
      return [exported];
    case 'failed':
      return [...(units.failed > 0 ? [run(`abp retry ${job_id} --watch`)] : []), exported];
    default:
      return [executor.state === 'lost' ? run(`abp resume ${job_id} --watch`) : watch];
  }
}

/** The command that leads to the results: shows them, exports them, or waits for the executor that writes them. */
function resultsCommand({ job_id, output, executor }: Job): string {
  if (output.state === 'written') return `abp units ${job_id}`;
  if (output.state === 'failed') return exportAgain(job_id, output);
  if (output.state === 'writing') return `abp ${executor.state === 'lost' ? 'resume' : 'watch'} ${job_id}`;
  return exportSuggestion(job_id);
}

/** The command that exports all results, to a file name that is free in this folder. */
export function exportSuggestion(jobId: string): string {
  return `abp export ${jobId} ${existsSync(resolve('results.csv')) ? `${jobId}.csv` : 'results.csv'}`;
}
