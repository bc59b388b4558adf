import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Session } from '../session.ts';
import { exportAgain } from './output-text.ts';
import type { Overview, Shown } from './status-text.ts';

type Job = Pick<Overview, 'job_id' | 'status' | 'pause_reason' | 'executor' | 'test' | 'units' | 'output'>;

/**
 * What a person would type next, the most likely first: at least one, and each is accepted as it stands. Where nobody can be
 * asked, what lets a job go on that has to be allowed has --yes; before it runs for the first time it is allowed.
 */
export async function nextCommands(session: Session, job: Job): Promise<readonly string[]> {
  if (await mayRunHere(session, job)) return commandsOf(job, (command) => command);
  const start = `abp start ${job.job_id}`;
  return commandsOf(job, (command) =>
    command === start ? `abp approvals allow ${job.job_id} --yes` : `${command} --yes`,
  );
}

/** The same as the end of a sentence. */
export async function nextText(session: Session, jobId: string): Promise<string> {
  const job = await session.call('get_job_status', { job_id: jobId });
  return `Next: ${(await nextCommands(session, job)).join(', or ')}`;
}

/** A job as texts about it want it: they name commands that are accepted here. */
export async function shownHere(session: Session, job: Overview): Promise<Shown> {
  return { ...job, must_allow: !(await mayRunHere(session, job)) };
}

/** Whether a command that lets it run is accepted here: it is allowed, or there is a terminal to ask on. */
export async function mayRunHere(
  session: Session,
  { job_id, status }: Pick<Job, 'job_id' | 'status'>,
): Promise<boolean> {
  if (session.terminal.interactive || status === 'enumerating') return true;
  return (await session.view('job_approval', { job_id })).allowed;
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

/** What leads to the results: where they have been written they are looked at, else they are exported, or whoever writes them is called. */
function resultsCommand({ job_id, output, executor }: Job): string {
  if (output?.state === 'written') return `abp units ${job_id}`;
  if (output?.state === 'failed') return exportAgain(job_id, output);
  if (output?.state === 'writing') return `abp ${executor.state === 'lost' ? 'resume' : 'watch'} ${job_id}`;
  return exportSuggestion(job_id);
}

/** The export of all results, to a name that is free here. */
export function exportSuggestion(jobId: string): string {
  return `abp export ${jobId} ${existsSync(resolve('results.csv')) ? `${jobId}.csv` : 'results.csv'}`;
}
