import type { OutputOf } from '../../orchestrator/index.ts';
import { confirm } from '../confirm.ts';
import type { Exit } from '../exit-codes.ts';
import { bytes, cell, count, table } from '../format.ts';
import type { Session } from '../session.ts';

/** Options of `abp prune`. */
export interface PruneOptions {
  /** Seconds. */
  readonly olderThan: number;
  readonly jobs: boolean;
  readonly dryRun: boolean;
  readonly yes: boolean;
}

/** Lists what would be deleted, asks, and deletes it. */
export async function pruneStore(session: Session, options: PruneOptions): Promise<Exit> {
  const request = { older_than_s: options.olderThan, what: options.jobs ? 'jobs' : 'runs' } as const;
  if (!options.dryRun && !options.yes) {
    const planned = await session.call('prune_store', { ...request, dry_run: true });
    if (planned.jobs.length + planned.strays.length + planned.orphans.length > 0) {
      session.say(reportText(session, planned, options));
      const what = options.jobs ? 'these jobs with all their results' : 'these run directories';
      if (!(await confirm(session, `Delete ${what}?`, false))) return 'cancelled';
    }
  }
  const report = await session.call('prune_store', { ...request, dry_run: options.dryRun });
  session.answer(report, reportText(session, report, options));
  return 'done';
}

function reportText(
  { terminal }: Session,
  { jobs, strays, orphans, dry_run, store, bytes: total }: OutputOf<'prune_store'>,
  options: PruneOptions,
): string {
  const rows = [
    ...jobs.map((job) => [job.job_id, cell(job.name, 40), job.status, job.ended_at.slice(0, 10), bytes(job.bytes)]),
    ...orphans.map(({ job_id, name, units }) => {
      return [job_id, cell(name, 40), `never completely created, ${count(units, 'unit')}`, '', ''];
    }),
    ...strays.map((stray) => [stray.path, '', 'no such job', '', bytes(stray.bytes)]),
  ];
  const ended = count(jobs.length, 'job');
  const what = options.jobs
    ? `${ended} with all results, ${bytes(total)} of run directories`
    : `${bytes(total)} of run directories of ${ended}`;
  return [
    ...(rows.length > 0 ? [table(terminal.colors, ['job', 'name', 'status', 'ended', 'files'], rows)] : []),
    dry_run ? `Would delete: ${what}` : `Deleted: ${what}`,
    ...(dry_run ? [] : [`Store: ${bytes(store.bytes_before)} before, ${bytes(store.bytes_after)} now`]),
    ...(store.held_by_reader
      ? ['Another process is reading the store: run abp prune again after it ends, to shrink the file further.']
      : []),
  ].join('\n');
}
