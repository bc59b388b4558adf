import { atLeast, oneOf } from '../arguments.ts';
import type { DefineCommand } from '../command.ts';
import type { LogOptions } from '../job/show-logs.ts';

/** abp logs */
export const logs: DefineCommand = (program, act) => {
  program
    .command('logs <job>')
    .argument('[unit]', 'its index: 0 is the first', atLeast(0))
    .summary("what a unit's agent said and did, or the executor's log")
    .description("With a unit: the conversation of its latest attempt. Without: the end of the executor's log.")
    .option('--attempt <n>', 'another attempt of the unit', atLeast(1))
    .addOption(oneOf('--stage <stage>', 'post: the post-processing', ['main', 'post']).default('main'))
    .option('-n, --lines <n>', "of the executor's log: so many lines", atLeast(1), 50)
    .option('-f, --follow', 'go on as it grows', false)
    .addHelpText('after', '\n  $ abp logs 7f3k2m 12 --follow')
    .action(
      act(async (session, typed: string, unit: number | undefined, options: LogOptions) => {
        const { showConversation, showExecutorLog } = await import('../job/show-logs.ts');
        const jobId = await session.jobId(typed);
        return unit === undefined
          ? showExecutorLog(session, jobId, options)
          : showConversation(session, jobId, unit, options);
      }),
    );
};
