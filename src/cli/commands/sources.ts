import { atLeast, collect } from '../arguments.ts';
import type { DefineCommand } from '../command.ts';

/** abp enumerators */
export const enumerators: DefineCommand = (program, act) => {
  program
    .command('enumerators [type]')
    .summary('list the types of sources and their fields')
    .description('Lists the types of sources; with a type, its fields and an example.')
    .addHelpText('after', '\nExamples:\n  $ abp enumerators csv')
    .action(
      act(async (session, type: string | undefined) => {
        const { showEnumerators } = await import('../source/enumerators.ts');
        return showEnumerators(session, type);
      }),
    );
};

/** abp preview */
export const preview: DefineCommand = (program, act) => {
  program
    .command('preview <source> [fields...]')
    .summary('show the first items of a source and their number')
    .description(
      'Reads the source of a batch file, or one given by its type and fields, and shows its first items. Creates nothing.',
    )
    .option('-n, --limit <n>', 'number of items, at most 50', atLeast(1, 50), 5)
    .addHelpText(
      'after',
      '\nExamples:\n  $ abp preview batch.yaml\n  $ abp preview csv file_path=reviews.csv id_column=id',
    )
    .action(
      act(async (session, source: string, fields: readonly string[], { limit }: { limit: number }) => {
        const { showItems } = await import('../source/preview.ts');
        return showItems(session, source, fields, limit);
      }),
    );
};

/** abp prompt preview */
export const prompt: DefineCommand = (program, act) => {
  program
    .command('prompt')
    .helpCommand(false)
    .summary('show prompts before anything runs')
    .command('preview <batch.yaml|job>')
    .summary('show the prompts of the first units')
    .description(
      'Renders the prompts of the first units of a batch file, or of a job, exactly as their agents get them.',
    )
    .option('-n, --limit <n>', 'number of units', atLeast(1), 1)
    .option('--set <field=value>', 'change a field of the file; can be repeated', collect, [])
    .addHelpText('after', '\nExamples:\n  $ abp prompt preview batch.yaml -n 3')
    .action(
      act(async (session, source: string, options: { limit: number; set: readonly string[] }) => {
        const { showPrompts } = await import('../source/prompts.ts');
        return showPrompts(session, source, options);
      }),
    );
};

/** abp schema */
export const schema: DefineCommand = (program, act) => {
  program
    .command('schema')
    .summary('print the JSON Schema of batch files, for editors')
    .description('Prints the JSON Schema of batch files. The package contains it as dist/batch.schema.json.')
    .addHelpText('after', '\nExamples:\n  $ abp schema > batch.schema.json')
    .action(
      act(async (session) => {
        const { batchFileJsonSchema } = await import('../batch-file/json-schema.ts');
        const document = await batchFileJsonSchema(session.callWithoutStore);
        session.answer(document, JSON.stringify(document, null, 2));
        return 'done';
      }),
    );
};
