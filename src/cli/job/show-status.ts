import type { Exit } from '../exit-codes.ts';
import { count, money, table } from '../format.ts';
import type { Session } from '../session.ts';
import { printable } from '../terminal.ts';
import { exportAgain } from './output-text.ts';
import { type Overview, progressLine, slotLines, statusWord } from './status-text.ts';
import { summaryText } from './summary.ts';
import { testText } from './test-text.ts';

const LISTED = 50;

/** The jobs of the store as a table. */
export async function showJobs(session: Session, search: string | undefined): Promise<Exit> {
  const listed = await session.call('list_jobs', { limit: LISTED, ...(search ? { search } : {}) });
  const { colors } = session.terminal;
  const rows = listed.jobs.map((job) => [
    job.job_id,
    printable(job.name).slice(0, 40),
    statusWord(job, colors),
    String(job.units.total),
    String(job.units.completed),
    String(job.units.failed),
    money(Number(job.cost_usd)),
    String(job.created_at).slice(0, 16).replace('T', ' '),
  ]);
  const more = listed.total - rows.length;
  const text =
    rows.length === 0
      ? 'No jobs yet. abp run <batch.yaml> makes one.'
      : [
          table(colors, ['job', 'name', 'status', 'units', 'completed', 'failed', 'cost', 'created (UTC)'], rows),
          ...(more > 0 ? [`and ${count(more, 'older job')}; --search finds them`] : []),
        ].join('\n');
  session.answer(listed, text);
  return 'done';
}

/** One job: where it stands, what it is doing, what can be done. */
export async function showJob(session: Session, jobId: string): Promise<Exit> {
  if (session.json) {
    session.answer(await session.call('get_job_status', { job_id: jobId }));
    return 'done';
  }
  const job = await session.view('job_overview', { job_id: jobId });
  const { colors } = session.terminal;
  const lines = [
    summaryText(job, colors),
    ...(job.status === 'running' ? [progressLine(job)] : []),
    ...slotLines(job).map((line) => colors.dim(`  ${line}`)),
    ...(job.status === 'testing' ? [testText(job, colors)] : []),
    colors.dim(`Next: ${nextCommands(job, await mayRun(session, job)).join(', or ')}`),
  ];
  session.say(lines.join('\n'));
  return 'done';
}

/** Whether a command that lets it run is accepted here: it is allowed, or there is a terminal to ask on. */
async function mayRun(session: Session, { job_id, status }: Overview): Promise<boolean> {
  if (session.terminal.interactive || status === 'enumerating') return true;
  return (await session.view('job_approval', { job_id })).allowed;
}

/** What leads to the results: where they have been written they are looked at, else they are exported, or whoever writes them is called. */
function resultsCommand({ job_id, output, executor }: Overview): string {
  if (output?.state === 'written') return `abp units ${job_id}`;
  if (output?.state === 'failed') return exportAgain(job_id, output);
  if (output?.state === 'writing') return `abp ${executor.state === 'lost' ? 'resume' : 'watch'} ${job_id}`;
  return `abp export ${job_id} results.csv`;
}

/** What a person would type next. */
function nextCommands(job: Overview, mayRun: boolean): readonly string[] {
  const { job_id, status, pause_reason, executor, test, units } = job;
  const exported = resultsCommand(job);
  const run = (command: string) => (mayRun ? command : `abp approvals allow ${job_id} --yes`);
  switch (status) {
    case 'created':
      return [run(`abp start ${job_id}`)];
    case 'testing':
      if (test?.state === 'running') return [`abp watch ${job_id}`];
      return [...(test?.state === 'passed' ? [run(`abp approve ${job_id}`)] : []), `abp reject ${job_id}`];
    case 'paused':
      return [pause_reason === 'usage_limit' ? `abp watch ${job_id}` : run(`abp resume ${job_id} --watch`)];
    case 'completed':
    case 'cancelled':
      return [exported];
    case 'failed':
      return [...(units.failed > 0 ? [run(`abp retry ${job_id} --watch`)] : []), exported];
    default:
      return [executor.state === 'lost' ? run(`abp resume ${job_id} --watch`) : `abp watch ${job_id}`];
  }
}
