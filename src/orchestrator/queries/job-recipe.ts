import { join } from 'node:path';
import { z } from 'zod';
import { realPath } from '../../approval/real-path.ts';
import { AbpError } from '../../domain/error.ts';
import { stepAt } from '../../domain/step.ts';
import { type OrchestratorDeps, operation, requireJob, TERMINAL } from '../operation.ts';
import { createInput } from '../operations/new-job.ts';
import { jobId } from '../shapes.ts';
import { outputInputOf } from './shown-output.ts';
import { testInputOf } from './shown-test.ts';

const recipe = z.object({ input: createInput, working_directory: z.string() });

/** Returns the arguments of create_job that make a copy of a job. */
export const jobRecipe = operation({
  name: 'job_recipe',
  title: 'What makes a copy of a job',
  interfaces: TERMINAL,
  description:
    'The arguments of create_job that make a copy of a job in its current revision, secrets included, and the directory that its relative paths start from.',
  input: z.strictObject({ job_id: jobId }),
  output: recipe,
  effect: 'read',
  run: (deps, { job_id }) => recipeOf(deps, job_id),
});

/**
 * Makes the recipe of a job in its current revision. Leaves out a template that was made from the intent, since it
 * names the output directory, and a default output directory, which names the job: the copy gets its own. Throws `not_found`.
 */
async function recipeOf(deps: OrchestratorDeps, id: string): Promise<z.input<typeof recipe>> {
  const job = await requireJob(deps, id);
  const revision = await deps.repository.jobs.revision(id, job.revision);
  if (!revision) throw new AbpError('store', `${id} has no revision ${job.revision}.`);
  const { fields, outputDirectory, userIntent, enumeratorType, postProcessing: post } = job;
  const { limits } = revision;
  const { template, outputSchema, worker } = stepAt(revision, { stage: 'main', step: 0 });
  const synthesized = await deps.promptSynthesizer.synthesize({
    userIntent,
    enumeratorType,
    fields,
    outputSchema,
    outputDirectory,
  });
  const ownOutput = outputDirectory !== realPath(deps.places.outputs(id));
  return {
    working_directory: job.workingDirectory,
    input: {
      name: job.name,
      intent: userIntent,
      source: { type: enumeratorType, ...job.enumeratorConfig },
      ...(template === synthesized ? {} : { template }),
      ...(outputSchema ? { schema: { ...outputSchema } } : {}),
      worker,
      limits,
      test: testInputOf(job),
      ...(ownOutput || job.output
        ? { output: { ...(ownOutput && { directory: outputDirectory }), ...(job.output && outputInputOf(job.output)) } }
        : {}),
      ...(job.requireHumanApproval ? { require_human_approval: true } : {}),
      ...(job.redactResults ? {} : { redact_results: false }),
      ...(post
        ? {
            post_processing_prompt: post.prompt,
            post_processing_name: post.name,
            post_processing_on_failures: post.onFailures,
            ...(post.outputDirectory === join(outputDirectory, 'post-processing')
              ? {}
              : { post_processing_output_directory: post.outputDirectory }),
          }
        : {}),
    },
  };
}
