import { z } from 'zod';
import { show } from '../../domain/validate.ts';
import { exportFields, limitsInput, outputSchemaInput, workerInput } from '../../orchestrator/shapes.ts';

const words = z.string().regex(/\S/, { error: ({ input }) => `expected words, found ${show(input)}` });

const output = z.strictObject({
  path: z
    .string()
    .min(1)
    .optional()
    .describe('File that the results are written to when the job ends, whether or not anybody waits for it'),
  ...exportFields,
  format: exportFields.format.describe('Default: what the extension of path says; any other has to be given here'),
  force: exportFields.force.describe('Replace an existing file; default false: it is refused before anything runs'),
  schema: outputSchemaInput.optional(),
  directory: z.string().min(1).optional().describe('Agents may write below it; default: a folder beside the store'),
});

const test = z.strictObject({
  units: z.int().min(1).max(20).optional().describe('Units tried first, spread over the source; default 1'),
  skip: z
    .boolean()
    .optional()
    .describe('Run everything at once, without a test; what a person has to allow is asked all the same'),
});

const postProcessing = z.strictObject({
  prompt: words.describe('A last task over all results'),
  name: z.string().min(1).max(200).optional().describe('Default: post-processing'),
  output_directory: z.string().min(1).optional().describe('Where it writes'),
  on_failures: z.enum(['skip', 'run']).optional().describe('When units failed; default skip'),
});

/** One of them must be there. */
const WHAT_TO_DO = ['intent', 'prompt_template', 'prompt_file'] as const;

/** A batch file: create_job's arguments as a person writes them down. Relative paths start at the file. */
export const batchFileSchema = z
  .strictObject({
    name: z.string().trim().min(1).max(200).optional().describe('Name of the job; default: the name of the folder'),
    intent: words.max(100_000).optional().describe('What to do with every item, in your own words'),
    prompt_template: words
      .max(200_000)
      .optional()
      .describe('Own prompt: {field} for a field of the item, {payload} for all of it, {{ }} for braces'),
    prompt_file: z.string().min(1).optional().describe('The same in a file of its own, with or without front matter'),
    source: z
      .looseObject({ type: z.string().describe('file, csv, json, sql or dynamic') })
      .describe('Where the items come from: type, and the fields of that enumerator (abp enumerators)'),
    worker: workerInput.optional(),
    output_schema: outputSchemaInput.optional().describe('The same as output.schema'),
    output: output.optional().describe('What comes out, and where to'),
    limits: limitsInput
      .extend({ failures: z.int().min(0).max(1000).optional().describe('Short for failure_threshold') })
      .optional()
      .describe('Bounds of time, money, tries and slots'),
    test: test.optional().describe('What is tried before the rest'),
    require_human_approval: z
      .boolean()
      .optional()
      .describe('Only a person lets it run, its test included, never an argument'),
    redact_results: z.boolean().optional().describe('false: secrets in results are stored, too; default true'),
    post_processing: postProcessing.optional().describe('One more task, after the last unit'),
    env: z
      .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/))
      .optional()
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what a person writes
      .describe('Environment variables that may be used as ${NAME} in the values of this file; no others are'),
  })
  .refine((given) => WHAT_TO_DO.some((field) => given[field] !== undefined), {
    message: 'expected intent (what to do with every item), prompt_template or prompt_file, found none of them',
  })
  .refine(({ prompt_template, prompt_file }) => prompt_template === undefined || prompt_file === undefined, {
    path: ['prompt_file'],
    message: 'expected either prompt_template or prompt_file, found both',
  })
  .refine(({ limits }) => limits?.failures === undefined || limits.failure_threshold === undefined, {
    path: ['limits', 'failures'],
    message: 'expected either failures or failure_threshold, found both',
  })
  .refine(({ output_schema, output: out }) => output_schema === undefined || out?.schema === undefined, {
    path: ['output_schema'],
    message: 'expected either output_schema or output.schema, found both',
  });

export type BatchFile = z.output<typeof batchFileSchema>;
