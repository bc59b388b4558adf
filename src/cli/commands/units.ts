import { FAILURE_CLASSES } from '../../domain/failure.ts';
import { UNIT_STATUSES } from '../../domain/unit.ts';
import { atLeast, oneOf, someOf } from '../arguments.ts';
import type { DefineCommand } from '../command.ts';
import type { UnitsOptions } from '../job/show-units.ts';

/** abp units */
export const units: DefineCommand = (program, act) => {
  program
    .command('units <job>')
    .summary('the units of a job')
    .description(
      'Lists units in the order of the source, with status, attempts and the beginning of result or failure.',
    )
    .addOption(someOf('--status <list>', 'only units in these, with commas between them', UNIT_STATUSES))
    .addOption(oneOf('--class <class>', 'only units that failed in this class', FAILURE_CLASSES))
    .option('--text <text>', 'only units with this in their key or payload')
    .option('-n, --limit <n>', 'so many; default 20', atLeast(1), 20)
    .option('--all', 'all of them', false)
    .addHelpText('after', '\n  $ abp units 7f3k2m --status failed --json')
    .action(
      act(async (session, typed: string, options: UnitsOptions) => {
        const { showUnits } = await import('../job/show-units.ts');
        return showUnits(session, await session.jobId(typed), options);
      }),
    );
};
