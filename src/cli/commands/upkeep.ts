import { timeSpan } from '../arguments.ts';
import type { DefineCommand } from '../command.ts';
import type { PruneOptions } from '../upkeep/prune.ts';

/** abp recover */
export const recover: DefineCommand = (program, act) => {
  program
    .command('recover')
    .summary('start new executors for jobs whose executor died')
    .description(
      'Finds jobs whose executor died or hangs, and starts new executors, once. An executor counts as hanging after ABP_LEASE_S (15 s) without a heartbeat.',
    )
    .addHelpText('after', '\nExamples:\n  $ abp recover')
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
    .description('Deletes a job with its results and history. Its output directory is kept.')
    .option('-y, --yes', 'do not ask', false)
    .addHelpText('after', '\nExamples:\n  $ abp delete 7f3k2m')
    .action(
      act(async (session, typed: string, { yes }: { yes: boolean }) => {
        const { confirm } = await import('../confirm.ts');
        const job_id = await session.jobId(typed);
        if (!(await confirm(session, `Delete ${job_id} with all its results?`, yes))) return 'cancelled';
        const deleted = await session.call('delete_job', { job_id });
        session.answer(deleted, `${job_id} is deleted. Its output directory is kept: ${deleted.output.directory}`);
        return 'done';
      }),
    );
};

/** abp prune */
export const prune: DefineCommand = (program, act) => {
  program
    .command('prune')
    .summary('delete the files of jobs that ended long ago')
    .description(
      'Deletes the run directories (with conversations) of jobs that ended long ago; with --jobs also the jobs with their results. Output directories are kept.',
    )
    .requiredOption('--older-than <time>', 'only jobs that ended at least this long ago: 12h, 30d, 2w', timeSpan)
    .option('--jobs', 'also delete the jobs', false)
    .option('--dry-run', 'only list what would be deleted, with sizes', false)
    .option('-y, --yes', 'do not ask', false)
    .addHelpText('after', '\nExamples:\n  $ abp prune --older-than 30d --dry-run')
    .action(
      act(async (session, options: PruneOptions) => {
        if (options.dryRun) session.doNotCreateStore();
        const { pruneStore } = await import('../upkeep/prune.ts');
        return pruneStore(session, options);
      }),
    );
};

/** abp doctor */
export const doctor: DefineCommand = (program, act) => {
  program
    .command('doctor')
    .summary('check this installation')
    .description(
      'Checks Node, the store, Claude Code, permissions, the disk and stuck jobs, and says how to fix what it finds. Changes nothing.',
    )
    .addHelpText('after', '\nExamples:\n  $ abp doctor')
    .action(
      act(async (session) => {
        const { runChecks } = await import('../doctor/index.ts');
        return runChecks(session);
      }),
    );
};
