import { join } from 'node:path';
import { realPlace } from '../../approval/real-place.ts';
import { AbpError } from '../../domain/error.ts';
import type { InputOf } from '../index.ts';
import { type OrchestratorDeps, requireJob } from '../operation.ts';
import { outputInputOf } from './output.ts';

/** Arguments of create_job that make a copy of a job, and the directory that its relative paths start from. */
export interface JobRecipe {
  readonly input: InputOf<'create_job'>;
  readonly workingDirectory: string;
}

/**
 * Returns the recipe of a job in its current revision. Leaves out a template that was made from the intent, since it
 * names the output directory, and a default output directory, which names the job: the copy gets its own. Throws `not_found`.
 */
export async function recipeOf(deps: OrchestratorDeps, jobId: string): Promise<JobRecipe> {
  const job = await requireJob(deps, jobId);
  const revision = await deps.repository.jobs.revision(jobId, job.revision);
  if (!revision) throw new AbpError('store', `${jobId} has no revision ${job.revision}.`);
  const { fields, outputDirectory, userIntent, enumeratorType, postProcessing: post } = job;
  const { template, outputSchema, worker, limits } = revision;
  const synthesized = await deps.promptSynthesizer.synthesize({
    userIntent,
    enumeratorType,
    fields,
    outputSchema,
    outputDirectory,
  });
  const ownOutput = outputDirectory !== realPlace(deps.places.outputs(jobId));
  return {
    workingDirectory: job.workingDirectory,
    input: {
      name: job.name,
      user_intent: userIntent,
      enumerator_type: enumeratorType,
      enumerator_config: { ...job.enumeratorConfig },
      ...(template === synthesized ? {} : { prompt_template: template }),
      ...(outputSchema ? { output_schema: { ...outputSchema } } : {}),
      worker,
      limits,
      test_units: job.testUnits,
      ...(ownOutput ? { output_directory: outputDirectory } : {}),
      ...(job.output ? { output: outputInputOf(job.output) } : {}),
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
