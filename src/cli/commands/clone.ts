import { atLeast, collect } from '../arguments.ts';
import type { DefineCommand } from '../command.ts';
import type { CloneOptions } from '../job/clone.ts';

/** abp clone */
export const clone: DefineCommand = (program, act) => {
  program
    .command('clone <job>')
    .summary('create a job with the settings of another')
    .description(
      'Creates a job with the settings of another; its source is read again. With --print, prints the batch file instead.',
    )
    .option('--name <name>', 'name of the new job')
    .option('--limit <n>', 'only the first n items of the source', atLeast(1))
    .option('--set <field=value>', 'change a setting, named as in a batch file; can be repeated', collect, [])
    .option('--print', 'print the settings as a batch file, create nothing', false)
    .addHelpText(
      'after',
      '\nExamples:\n  $ abp clone 7f3k2m --set worker.model=sonnet\n  $ abp clone 7f3k2m --print > batch.yaml',
    )
    .action(
      act(async (session, typed: string, options: CloneOptions) => {
        const { cloneJob } = await import('../job/clone.ts');
        return cloneJob(session, await session.jobId(typed), options);
      }),
    );
};
