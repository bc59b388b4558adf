import { timeSpan } from '../arguments.ts';
import type { DefineCommand } from '../command.ts';

/** abp watch */
export const watch: DefineCommand = (program, act) => {
  program
    .command('watch <job>')
    .summary('follow a job to its end, with keys to control it')
    .description(
      'Shows progress, what each slot is doing, and failures by cause. Keys: p pause, r resume, c cancel, + and - slots, q quit. Ctrl-C and q leave the job running.',
    )
    .addHelpText('after', '\nExamples:\n  $ abp watch 7f3k2m')
    .action(
      act(async (session, typed: string) => {
        const { watchToEnd } = await import('../job/run-with-decisions.ts');
        const jobId = await session.jobId(typed);
        const exit = await watchToEnd(session, jobId);
        if (session.json) session.answer(await session.call('get_job_status', { job_id: jobId }));
        return exit;
      }),
    );
};

/** abp wait */
export const wait: DefineCommand = (program, act) => {
  program
    .command('wait <job>')
    .summary('wait until a job has ended or needs action')
    .description('Waits without output; the exit code gives the state of the job (3 also after the timeout).')
    .option('--timeout <time>', 'maximum time to wait: 90s, 15m, 12h', timeSpan)
    .addHelpText('after', '\nExamples:\n  $ abp wait 7f3k2m --timeout 2h && abp export 7f3k2m labels.csv')
    .action(
      act(async (session, typed: string, { timeout }: { timeout?: number }) => {
        const { waitForRest } = await import('../job/wait.ts');
        return waitForRest(session, await session.jobId(typed), timeout ?? Number.POSITIVE_INFINITY);
      }),
    );
};
