import { z } from 'zod';
import { createInput } from '../../orchestrator/operations/new-job.ts';
import { exportFields, outputInput, words } from '../../orchestrator/shapes.ts';

const postProcessing = z.strictObject({
  prompt: words.describe('Prompt of a last task over all results'),
  name: z.string().min(1).max(200).optional().describe('Default: post-processing'),
  output_directory: z.string().min(1).optional().describe('Directory that it writes to'),
  on_failures: z.enum(['skip', 'run']).optional().describe('Whether to run it when units failed; default skip'),
});

/** The same fields as in create_job, described one by one. */
const output = outputInput.safeExtend({
  ...exportFields,
  path: outputInput.shape.path.describe('File for the results, written when the job ends, even without a terminal'),
  format: exportFields.format.describe('Default: by the extension of path; required for any other extension'),
  force: exportFields.force.describe(
    'Replace an existing file; default false: an existing file is an error before anything runs',
  ),
});

const { name, intent, source, worker, run, test } = createInput.shape;

/** One of these fields is required. */
const WHAT_TO_DO = ['intent', 'template', 'template_file'] as const;

/** Schema of a batch file: the arguments of create_job, and what only a file has. Relative paths start at the file. */
export const batchFileSchema = createInput
  .omit({
    request_id: true,
    post_processing_prompt: true,
    post_processing_name: true,
    post_processing_output_directory: true,
    post_processing_on_failures: true,
  })
  .extend({
    name: name.optional().describe('Name of the job; default: the name of the folder'),
    intent: intent.optional().describe('What to do with every item, in your own words'),
    worker: worker.describe(
      'What runs a unit: the type of a worker, or an object of its type and fields; default claude',
    ),
    run: run.describe('Short for worker: { type: command, command: […] }'),
    source: source.describe('Source of the items: its type and the fields of that enumerator (abp enumerators)'),
    template_file: z
      .string()
      .min(1)
      .optional()
      .describe('The template in a file of its own, with or without front matter'),
    test: test.describe('The test that runs before the other units'),
    output: output.optional().describe('Directory of the agents and file of the results'),
    post_processing: postProcessing.optional().describe('A task that runs after the last unit'),
    env: z
      .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/))
      .optional()
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what a person writes
      .describe('Environment variables that are replaced where the values of this file contain ${NAME}; no others are'),
  })
  .refine((given) => WHAT_TO_DO.some((field) => given[field] !== undefined), {
    message: 'expected intent (what to do with every item), template or template_file, found none of them',
  })
  .refine(({ template, template_file }) => template === undefined || template_file === undefined, {
    path: ['template_file'],
    message: 'expected either template or template_file, found both',
  });

export type BatchFile = z.output<typeof batchFileSchema>;
