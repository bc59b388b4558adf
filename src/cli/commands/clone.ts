import { atLeast, collect } from '../arguments.ts';
import type { DefineCommand } from '../command.ts';

interface Options {
  readonly name?: string;
  readonly limit?: number;
  readonly set: readonly string[];
  readonly print: boolean;
}

/** abp clone */
export const clone: DefineCommand = (program, act) => {
  program
    .command('clone <job>')
    .summary('a new job with the settings of another')
    .description(
      "Makes a new job from another one's settings; its source is read again. With --print, the batch file instead.",
    )
    .option('--name <name>', 'another name')
    .option('--limit <n>', 'only the first n items of the source', atLeast(1))
    .option('--set <field=value>', 'change a setting, named as in a batch file; can be repeated', collect, [])
    .option('--print', 'print the settings as a batch file, make nothing', false)
    .addHelpText('after', '\n  $ abp clone 7f3k2m --set worker.model=sonnet\n  $ abp clone 7f3k2m --print > batch.yaml')
    .action(
      act(async (session, typed: string, options: Options) => {
        const { cloneJob } = await import('../job/clone.ts');
        return cloneJob(session, await session.jobId(typed), options);
      }),
    );
};
