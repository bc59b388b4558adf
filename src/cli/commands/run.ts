import { atLeast, collect, formatOption } from '../arguments.ts';
import type { DefineCommand } from '../command.ts';
import type { RunOptions } from '../job/run-batch.ts';

/** abp run */
export const run: DefineCommand = (program, act) => {
  program
    .command('run <batch.yaml>')
    .summary('run a batch file: test, ask, run all, export')
    .description(
      'Creates a job from a batch file, tests one unit and shows its result, asks whether to run the others, and shows their progress. The job runs in a process of its own, which also writes the results: the terminal can be closed.',
    )
    .option('-y, --yes', 'allow what it can do and approve a passed test without asking', false)
    .option('--skip-test', 'run all units without a test', false)
    .option('--limit <n>', 'only the first n items of the source', atLeast(1))
    .option('--set <field=value>', 'change a field of the file; can be repeated', collect, [])
    .option('-o, --output <file>', 'file for the results, written when the job ends')
    .addOption(formatOption())
    .option('--force', 'replace the output file if it exists', false)
    .option('--dry-run', 'check the batch file, show items and prompt, create nothing', false)
    .option('--detach', 'return as soon as the job runs', false)
    .option('--new', 'create another job although one of this file is active', false)
    .addHelpText(
      'after',
      `
Example of a batch file:
  # yaml-language-server: $schema=./node_modules/agentic-batch-processor/dist/batch.schema.json
  name: labels
  intent: Read the file and summarise it in one sentence.
  source: { type: file, base_directory: documents, pattern: "**/*.md" }
  worker: { type: claude, model: haiku }
  output: { path: labels.csv }

Examples:
  $ abp run batch.yaml --limit 20 --set limits.max_workers=2 --dry-run`,
    )
    .action(
      act(async (session, file: string, options: RunOptions) => {
        if (options.dryRun) session.doNotCreateStore();
        const { runBatch } = await import('../job/run-batch.ts');
        return runBatch(session, file, options);
      }),
    );
};
