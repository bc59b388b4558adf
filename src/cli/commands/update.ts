import { collect } from '../arguments.ts';
import type { DefineCommand } from '../command.ts';
import type { UpdateOptions } from '../job/update.ts';

/** abp update */
export const update: DefineCommand = (program, act) => {
  program
    .command('update <job>')
    .summary('change the prompt, schema, worker or limits of a job')
    .description(
      'Creates a new revision of a job that is created, tested (the test is discarded), paused or ended. Completed units keep their results; retry runs failed units with the new revision, reopen completed ones.',
    )
    .option(
      '--set <field=value>',
      'change template, schema, worker, limits or the file of output, named as in a batch file',
      collect,
      [],
    )
    .option('--step <name>', 'step that template, schema and worker are of; default: the first')
    .option('--template-file <file>', 'file with the new template')
    .option('--note <text>', 'reason for the change, for the record')
    .addHelpText('after', '\nExamples:\n  $ abp update 7f3k2m --set limits.budget_usd=20 --set worker.model=sonnet')
    .action(
      act(async (session, typed: string, options: UpdateOptions) => {
        const { updateJob } = await import('../job/update.ts');
        return updateJob(session, await session.jobId(typed), options);
      }),
    );
};
