import { timeSpan } from '../arguments.ts';
import type { DefineCommand } from '../command.ts';

/** abp recover */
export const recover: DefineCommand = (program, act) => {
  program
    .command('recover')
    .summary('give jobs whose executor died a new one')
    .description(
      'Looks once for jobs whose executor died, with this machine or by a kill, or stands still, and starts new ones. Whether one stands still shows after ABP_LEASE_S (15 s).',
    )
    .addHelpText('after', '\n  $ abp recover')
    .action(
      act(async (session) => {
        const { recoverJobs } = await import('../upkeep/recover.ts');
        return recoverJobs(session);
      }),
    );
};

/** abp delete */
export const deleteCommand: DefineCommand = (program, act) => {
  program
    .command('delete <job>')
    .summary('delete a job with its results and history')
    .description('Deletes a job for good. Files that agents wrote into their output directory stay.')
    .option('-y, --yes', 'do not ask', false)
    .addHelpText('after', '\n  $ abp delete 7f3k2m')
    .action(
      act(async (session, typed: string, { yes }: { yes: boolean }) => {
        const { confirm } = await import('../confirm.ts');
        const job_id = await session.jobId(typed);
        if (!(await confirm(session, `Delete ${job_id} with all its results?`, yes))) return 'cancelled';
        const deleted = await session.call('delete_job', { job_id });
        session.answer(deleted, `${job_id} is deleted. Its output directory stays: ${deleted.output_directory}`);
        return 'done';
      }),
    );
};

interface PruneOptions {
  readonly olderThan: number;
  readonly jobs: boolean;
  readonly dryRun: boolean;
  readonly yes: boolean;
}

/** abp prune */
export const prune: DefineCommand = (program, act) => {
  program
    .command('prune')
    .summary('free the disk of what ended long ago')
    .description(
      'Deletes run directories with their conversations, of jobs that ended long ago; with --jobs the jobs and their results too. Outputs that agents wrote stay.',
    )
    .requiredOption('--older-than <time>', 'what ended at least so long ago: 12h, 30d, 2w', timeSpan)
    .option('--jobs', 'also the jobs themselves', false)
    .option('--dry-run', 'only tell what would go, with sizes', false)
    .option('-y, --yes', 'do not ask', false)
    .addHelpText('after', '\n  $ abp prune --older-than 30d --dry-run')
    .action(
      act(async (session, options: PruneOptions) => {
        if (options.dryRun) session.leaveStore();
        const { pruneStore } = await import('../upkeep/prune.ts');
        return pruneStore(session, options);
      }),
    );
};

/** abp doctor */
export const doctor: DefineCommand = (program, act) => {
  program
    .command('doctor')
    .summary('check this installation, with what to do')
    .description('Checks Node, the store, Claude Code, permissions, the disk and stale jobs. Changes nothing.')
    .addHelpText('after', '\n  $ abp doctor')
    .action(
      act(async (session) => {
        const { examine } = await import('../doctor/index.ts');
        return examine(session);
      }),
    );
};
