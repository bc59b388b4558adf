import type { DefineCommand } from '../command.ts';

/** abp status */
export const status: DefineCommand = (program, act) => {
  program
    .command('status [job]')
    .summary('show the state of a job, or list all jobs')
    .description('Lists the jobs of the store, newest first; with a job, its state and the commands to continue with.')
    .option('--search <text>', 'only jobs with this text in their name or id')
    .addHelpText('after', '\nExamples:\n  $ abp status 7f3k2m')
    .action(
      act(async (session, job: string | undefined, { search }: { search?: string }) => {
        const { showJob, showJobs } = await import('../job/show-status.ts');
        return job === undefined ? showJobs(session, search) : showJob(session, await session.jobId(job));
      }),
    );
};
