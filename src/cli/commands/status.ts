import type { DefineCommand } from '../command.ts';

/** abp status */
export const status: DefineCommand = (program, act) => {
  program
    .command('status [job]')
    .summary('how a job is doing, or all jobs')
    .description('Without a job: the jobs of the store, newest first. With one: how it is doing and what can be done.')
    .option('--search <text>', 'only jobs with this in their name or id')
    .addHelpText('after', '\n  $ abp status 7f3k2m')
    .action(
      act(async (session, job: string | undefined, { search }: { search?: string }) => {
        const { showJob, showJobs } = await import('../job/show-status.ts');
        return job === undefined ? showJobs(session, search) : showJob(session, await session.jobId(job));
      }),
    );
};
