import { FAILURE_CLASSES } from '../../domain/failure.ts';
import { UNIT_STATUSES } from '../../domain/unit.ts';
import { atLeast, oneOf, someOf } from '../arguments.ts';
import type { DefineCommand } from '../command.ts';
import type { UnitsOptions } from '../job/show-units.ts';

/** abp units */
export const units: DefineCommand = (program, act) => {
  program
    .command('units <job>')
    .summary('list the units of a job')
    .description(
      'Lists units in the order of the source, with status, attempts and the beginning of the result or failure.',
    )
    .addOption(someOf('--status <list>', 'only units with these statuses, separated by commas', UNIT_STATUSES))
    .addOption(oneOf('--class <class>', 'only units with this class of failure', FAILURE_CLASSES))
    .option('--text <text>', 'only units with this text in their key or payload')
    .option('-n, --limit <n>', 'number of units', atLeast(1), 20)
    .option('--all', 'all units', false)
    .addHelpText('after', '\nExamples:\n  $ abp units 7f3k2m --status failed --json')
    .action(
      act(async (session, typed: string, options: UnitsOptions) => {
        const { showUnits } = await import('../job/show-units.ts');
        return showUnits(session, await session.jobId(typed), options);
      }),
    );
};
