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
    .summary('make a job from a batch file, run nothing')
    .description(
      'Makes a job from a batch file: its items are stored, its prompt is made; nothing runs, nothing is spent.',
    )
    .option('--limit <n>', 'only the first n items of the source', atLeast(1))
    .option('--set <field=value>', 'change a field of the file; can be repeated', collect, [])
    .option('-o, --output <file>', 'write the results to this file when the job ends')
    .addOption(formatOption())
    .option('--force', 'replace the output file if it exists', false)
    .option('-y, --yes', 'allow what it can do, without asking', false)
    .option('--request-id <id>', 'your own id: given again, it means the job that it made')
    .addHelpText('after', '\n  $ abp create batch.yaml --set limits.budget_usd=5\n  $ abp start 7f3k2m')
    .action(
      act(async (session, file: string, options: Options) => {
        const { realPath } = await import('../../approval/bounds.ts');
        const { createdText, createFrom, prepare } = await import('../job/run-batch.ts');
        const batch = await prepare(session, file, options);
        const batchFile = { path: realPath(file), carriedOut: false, another: true };
        const job = await createFrom(session, batch, { ...options, batchFile });
        if (options.yes && job.approval?.person) {
          const { allow } = await import('../job/allow.ts');
          await allow(session, { jobId: job.job_id }, true);
        }
        session.answer(job, createdText(job, options.yes));
        return 'done';
      }),
    );
};
