import { UNIT_STATUSES } from '../../domain/unit.ts';
import { type FormatOption, formatOption, list, someOf } from '../arguments.ts';
import type { DefineCommand } from '../command.ts';

interface Options {
  readonly format?: FormatOption;
  readonly status?: readonly (typeof UNIT_STATUSES)[number][];
  readonly fields?: readonly string[];
  readonly force?: boolean;
  readonly raw?: boolean;
}

/** abp export */
export const exportCommand: DefineCommand = (program, act) => {
  program
    .command('export <job> [file]')
    .summary('write the results to a file, or to stdout')
    .description(
      'Writes units with their payload and result to a file, by default to the output file of the job. Before the job has ended the export is marked as partial. The file - is stdout, in csv unless --format is given. cost_usd and duration_ms of a unit are sums over its attempts.',
    )
    .addOption(formatOption())
    .addOption(someOf('--status <list>', 'only units with these statuses, separated by commas', UNIT_STATUSES))
    .option('--fields <list>', 'only these columns, in this order', list)
    .option('--force', 'replace the file if it exists')
    .option('--raw', 'keep text that a spreadsheet would run as a formula unchanged')
    .addHelpText(
      'after',
      '\nExamples:\n  $ abp export 7f3k2m labels.csv --status completed,failed --fields key,result.label\n  $ abp export 7f3k2m - --format jsonl | jq .result',
    )
    .action(
      act(async (session, job: string, file: string | undefined, { format, status, fields, force, raw }: Options) => {
        const { exportToStdout } = await import('../job/export.ts');
        const input = {
          job_id: await session.jobId(job),
          ...(file ? { path: file } : {}),
          ...(format ? { format } : {}),
          ...(status ? { status: [...status] } : {}),
          ...(fields ? { fields: [...fields] } : {}),
          ...(force ? { force } : {}),
          ...(raw ? { raw } : {}),
        };
        if (file === '-') return exportToStdout(session, input);
        const report = await session.interruptible((signal) => session.call('export_results', input, { signal }));
        const { exportLine } = await import('../job/export-text.ts');
        session.answer(report, exportLine(report));
        return 'done';
      }),
    );
};
