import { atLeast, oneOf } from '../arguments.ts';
import type { DefineCommand } from '../command.ts';
import type { LogOptions } from '../job/show-logs.ts';

/** abp logs */
export const logs: DefineCommand = (program, act) => {
  program
    .command('logs <job>')
    .argument('[unit]', 'index of the unit; 0 is the first', atLeast(0))
    .summary("show the conversation of a unit, or the executor's log")
    .description("Shows the conversation of a unit's latest attempt; without a unit, the end of the executor's log.")
    .option('--attempt <n>', 'number of the attempt; default: the latest', atLeast(1))
    .addOption(oneOf('--scope <scope>', 'job for the steps over all results', ['unit', 'job']).default('unit'))
    .option('-n, --lines <n>', "number of lines of the executor's log", atLeast(1), 50)
    .option('-f, --follow', 'keep printing new entries', false)
    .addHelpText('after', '\nExamples:\n  $ abp logs 7f3k2m 12 --follow')
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
