import { collect } from '../arguments.ts';
import type { DefineCommand } from '../command.ts';

interface Options {
  readonly set: readonly string[];
  readonly promptFile?: string;
  readonly note?: string;
}

/** abp update */
export const update: DefineCommand = (program, act) => {
  program
    .command('update <job>')
    .summary('change prompt, schema, worker or limits')
    .description(
      'Makes a new revision of a job that is created, tested (the test is discarded), paused or ended. Completed units keep their results; retry runs failed ones, reopen completed ones with the new revision.',
    )
    .option(
      '--set <field=value>',
      'change prompt_template, output.schema, worker, limits or the file of output, named as in a batch file',
      collect,
      [],
    )
    .option('--prompt-file <file>', 'another prompt template')
    .option('--note <text>', 'what was changed and why')
    .addHelpText('after', '\n  $ abp update 7f3k2m --set limits.budget_usd=20 --set worker.model=sonnet')
    .action(
      act(async (session, typed: string, options: Options) => {
        const { updateJob } = await import('../job/update.ts');
        return updateJob(session, await session.jobId(typed), options);
      }),
    );
};
