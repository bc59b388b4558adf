import { atLeast } from '../arguments.ts';
import type { DefineCommand } from '../command.ts';

/** abp show */
export const show: DefineCommand = (program, act) => {
  program
    .command('show <job>')
    .argument('[unit]', 'index of the unit; 0 is the first', atLeast(0))
    .summary('show the settings of a job, or all of a unit')
    .description(
      'Shows the settings and the prompt template of a job; with a unit, its payload, prompt, attempts and result.',
    )
    .addHelpText('after', '\nExamples:\n  $ abp show 7f3k2m\n  $ abp show 7f3k2m 12')
    .action(
      act(async (session, typed: string, unit: number | undefined) => {
        const { showSettings, showUnit } = await import('../job/show-details.ts');
        const jobId = await session.jobId(typed);
        return unit === undefined ? showSettings(session, jobId) : showUnit(session, jobId, unit);
      }),
    );
};
