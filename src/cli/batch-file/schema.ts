import { z } from 'zod';
import { show } from '../../domain/validate.ts';
import { exportFields, limitsInput, outputSchemaInput, workerInput } from '../../orchestrator/shapes.ts';

const words = z.string().regex(/\S/, { error: ({ input }) => `expected words, found ${show(input)}` });

const output = z.strictObject({
  path: z
    .string()
    .min(1)
    .optional()
    .describe('File for the results, written when the job ends, even if no terminal is attached'),
  ...exportFields,
  format: exportFields.format.describe('Default: by the extension of path; required for any other extension'),
  force: exportFields.force.describe(
    'Replace an existing file; default false: an existing file is an error before anything runs',
  ),
  schema: outputSchemaInput.optional(),
  directory: z.string().min(1).optional().describe('Agents may write below it; default: a folder beside the store'),
});

const test = z.strictObject({
  units: z
    .int()
    .min(1)
    .max(20)
    .optional()
    .describe('Number of units that are tested first, spread over the source; default 1'),
  skip: z.boolean().optional().describe('Run all units without a test; what needs approval is still asked'),
});

const postProcessing = z.strictObject({
  prompt: words.describe('Prompt of a last task over all results'),
  name: z.string().min(1).max(200).optional().describe('Default: post-processing'),
  output_directory: z.string().min(1).optional().describe('Directory that it writes to'),
  on_failures: z.enum(['skip', 'run']).optional().describe('Whether to run it when units failed; default skip'),
});

/** One of these fields is required. */
const WHAT_TO_DO = ['intent', 'prompt_template', 'prompt_file'] as const;

/** Schema of a batch file: the arguments of create_job, in the form that people write. Relative paths start at the file. */
export const batchFileSchema = z
  .strictObject({
    name: z.string().trim().min(1).max(200).optional().describe('Name of the job; default: the name of the folder'),
    intent: words.max(100_000).optional().describe('What to do with every item, in your own words'),
    prompt_template: words
      .max(200_000)
      .optional()
      .describe('Your own prompt: {field} for a field of the item, {payload} for all of it, {{ }} for braces'),
    prompt_file: z.string().min(1).optional().describe('The prompt in a file of its own, with or without front matter'),
    source: z
      .looseObject({ type: z.string().describe('file, csv, json, sql or dynamic') })
      .describe('Source of the items: its type and the fields of that enumerator (abp enumerators)'),
    worker: workerInput.optional(),
    output_schema: outputSchemaInput.optional().describe('The same as output.schema'),
    output: output.optional().describe('Shape and place of the results'),
    limits: limitsInput
      .extend({ failures: z.int().min(0).max(1000).optional().describe('Short for failure_threshold') })
      .optional()
      .describe('Limits of time, cost, attempts and slots'),
    test: test.optional().describe('The test that runs before the other units'),
    require_human_approval: z
      .boolean()
      .optional()
      .describe('A person must approve the job and its test; no argument can'),
    redact_results: z
      .boolean()
      .optional()
      .describe('false: secrets in results are stored; default true: they are removed'),
    post_processing: postProcessing.optional().describe('A task that runs after the last unit'),
    env: z
      .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/))
      .optional()
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what a person writes
      .describe('Environment variables that are replaced where the values of this file contain ${NAME}; no others are'),
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
