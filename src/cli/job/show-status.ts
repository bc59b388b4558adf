import type { Exit } from '../exit-codes.ts';
import { cell, count, money, table } from '../format.ts';
import type { Session } from '../session.ts';
import { nextCommands, shownHere } from './next-commands.ts';
import { progressLine, slotLines, statusWord } from './status-text.ts';
import { summaryText } from './summary.ts';
import { testText } from './test-text.ts';

const LISTED = 50;

/** Lists the jobs of the store as a table. */
export async function showJobs(session: Session, search: string | undefined): Promise<Exit> {
  const listed = await session.call('list_jobs', { limit: LISTED, ...(search ? { search } : {}) });
  const { colors } = session.terminal;
  const rows = listed.jobs.map((job) => [
    job.job_id,
    cell(job.name, 40),
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
      ? 'No jobs yet. Create one with: abp run <batch.yaml>'
      : [
          table(colors, ['job', 'name', 'status', 'units', 'completed', 'failed', 'cost', 'created (UTC)'], rows),
          ...(more > 0 ? [`and ${count(more, 'older job')}; --search finds them`] : []),
        ].join('\n');
  session.answer(listed, text);
  return 'done';
}

/** Shows the state of a job, what its slots are doing, and the commands to continue with. */
export async function showJob(session: Session, jobId: string): Promise<Exit> {
  if (session.json) {
    session.answer(await session.call('get_job_status', { job_id: jobId }));
    return 'done';
  }
  const job = await shownHere(session, await session.call('job_overview', { job_id: jobId }));
  const { colors } = session.terminal;
  const lines = [
    summaryText(job, colors),
    ...(job.status === 'running' ? [progressLine(job)] : []),
    ...slotLines(job).map((line) => colors.dim(`  ${line}`)),
    ...(job.status === 'testing' ? [await testText(session, job)] : []),
    colors.dim(`Next: ${(await nextCommands(session, job)).join(', or ')}`),
  ];
  session.say(lines.join('\n'));
  return 'done';
}
