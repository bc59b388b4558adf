import { atLeast } from '../arguments.ts';
import type { DefineCommand } from '../command.ts';

/** abp show */
export const show: DefineCommand = (program, act) => {
  program
    .command('show <job>')
    .argument('[unit]', 'its index: 0 is the first', atLeast(0))
    .summary('settings and prompt of a job, or everything about a unit')
    .description(
      'Without a unit: how the job was set up, with its prompt template. With one: payload, prompt, attempts, result.',
    )
    .addHelpText('after', '\n  $ abp show 7f3k2m\n  $ abp show 7f3k2m 12')
    .action(
      act(async (session, typed: string, unit: number | undefined) => {
        const { showSettings, showUnit } = await import('../job/show-details.ts');
        const jobId = await session.jobId(typed);
        return unit === undefined ? showSettings(session, jobId) : showUnit(session, jobId, unit);
      }),
    );
};
