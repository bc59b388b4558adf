import { realpathSync } from 'node:fs';
import { atLeast, collect, type FormatOption, formatOption } from '../arguments.ts';
import type { DefineCommand } from '../command.ts';

interface Options {
  readonly limit?: number;
  readonly set: readonly string[];
  readonly yes: boolean;
  readonly output?: string;
  readonly format?: FormatOption;
  readonly force: boolean;
  readonly requestId?: string;
}

/** abp create */
export const create: DefineCommand = (program, act) => {
  program
    .command('create <batch.yaml>')
    .summary('create a job from a batch file, run nothing')
    .description(
      'Creates a job from a batch file: stores its items and its prompt template. Runs nothing, costs nothing.',
    )
    .option('--limit <n>', 'only the first n items of the source', atLeast(1))
    .option('--set <field=value>', 'change a field of the file; can be repeated', collect, [])
    .option('-o, --output <file>', 'file for the results, written when the job ends')
    .addOption(formatOption())
    .option('--force', 'replace the output file if it exists', false)
    .option('-y, --yes', 'allow what it can do without asking', false)
    .option('--request-id <id>', 'your own id: used again, it returns the job that it created')
    .addHelpText('after', '\nExamples:\n  $ abp create batch.yaml --set limits.budget_usd=5\n  $ abp start 7f3k2m')
    .action(
      act(async (session, file: string, options: Options) => {
        const { createdText, createFromBatch, prepare } = await import('../job/run-batch.ts');
        const batch = await prepare(session, file, options);
        const batchFile = { path: realpathSync.native(file), carriedOut: false, another: true };
        const job = await createFromBatch(session, batch, { ...options, batchFile });
        if (options.yes && job.approval?.person) {
          const { allow } = await import('../job/approval.ts');
          await allow(session, { jobId: job.job_id }, true);
        }
        session.answer(job, createdText(job, options.yes));
        return 'done';
      }),
    );
};
