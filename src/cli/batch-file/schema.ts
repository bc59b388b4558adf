import { z } from 'zod';
import { createInput } from '../../orchestrator/operations/new-job.ts';
import { stepInput } from '../../orchestrator/operations/steps.ts';
import { exportFields, outputInput } from '../../orchestrator/shapes.ts';

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

const templateFile = z
  .string()
  .min(1)
  .optional()
  .describe('The template in a file of its own, with or without front matter');

const ofStep = stepInput.shape;

/** One step; the same fields as those of a file with one step. */
const step = stepInput
  .extend({
    name: ofStep.name.describe('Name: later templates name its result {name} or {name.field}'),
    intent: ofStep.intent.describe('What it does, in your own words'),
    template: ofStep.template.describe('Or its own template'),
    template_file: templateFile,
    schema: ofStep.schema.describe('JSON Schema of its results'),
    worker: ofStep.worker.describe('Its worker; default the worker above'),
    run: ofStep.run.describe('Short for worker: { type: command, command: […] }'),
  })
  .refine(({ template, template_file }) => template === undefined || template_file === undefined, {
    path: ['template_file'],
    message: 'expected either template or template_file, found both',
  });

/** Schema of a batch file: the arguments of create_job, and what only a file has. Relative paths start at the file. */
export const batchFileSchema = createInput
  .omit({ request_id: true })
  .extend({
    name: name.optional().describe('Name of the job; default: the name of the folder'),
    intent: intent.describe('What to do with every item, in your own words'),
    worker: worker.describe(
      'What runs a unit: the type of a worker, or an object of its type and fields; default claude',
    ),
    run: run.describe('Short for worker: { type: command, command: […] }'),
    source: source.describe('Source of the items: its type and the fields of that enumerator (abp enumerators)'),
    template_file: templateFile,
    steps: z
      .array(step)
      .min(1)
      .optional()
      .describe(
        'Steps that each unit passes in this order, then those over all results; the fields above are the step main',
      ),
    test: test.describe('The test that runs before the other units'),
    output: output.optional().describe('Directory of the agents and file of the results'),
    env: z
      .array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/))
      .optional()
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what a person writes
      .describe('Environment variables that are replaced where the values of this file contain ${NAME}; no others are'),
  })
  .refine(({ template, template_file }) => template === undefined || template_file === undefined, {
    path: ['template_file'],
    message: 'expected either template or template_file, found both',
  });

export type BatchFile = z.output<typeof batchFileSchema>;
