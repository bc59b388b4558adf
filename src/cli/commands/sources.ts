import { atLeast, collect } from '../arguments.ts';
import type { DefineCommand } from '../command.ts';

/** abp enumerators */
export const enumerators: DefineCommand = (program, act) => {
  program
    .command('enumerators [type]')
    .summary('kinds of sources and their fields')
    .description('Lists where items can come from; with a type, its fields and an example.')
    .addHelpText('after', '\n  $ abp enumerators csv')
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
    .summary('the first items of a source, and how many there are')
    .description('Looks at the source of a batch file, or at one that is given by its type and fields; makes nothing.')
    .option('-n, --limit <n>', 'so many items, at most 50', atLeast(1, 50), 5)
    .addHelpText('after', '\n  $ abp preview batch.yaml\n  $ abp preview csv file_path=reviews.csv id_column=id')
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
    .summary('look at prompts before anything runs')
    .command('preview <batch.yaml|job>')
    .summary('the prompts of the first units')
    .description(
      'Renders the prompts of the first units of a batch file, or of a job, exactly as their agents get them.',
    )
    .option('-n, --limit <n>', 'so many units', atLeast(1), 1)
    .option('--set <field=value>', 'change a field of the file; can be repeated', collect, [])
    .addHelpText('after', '\n  $ abp prompt preview batch.yaml -n 3')
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
    .summary('the JSON Schema of batch files, for editors')
    .description('Prints the JSON Schema of batch files. The package has it as dist/batch.schema.json.')
    .addHelpText('after', '\n  $ abp schema > batch.schema.json')
    .action(
      act(async (session) => {
        const { batchFileJsonSchema } = await import('../batch-file/json-schema.ts');
        const document = await batchFileJsonSchema();
        session.answer(document, JSON.stringify(document, null, 2));
        return 'done';
      }),
    );
};
