import { z } from 'zod';
import { realPath } from '../../approval/real-path.ts';
import { AbpError } from '../../domain/error.ts';
import { MAIN, type Step } from '../../domain/step.ts';
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
 * Makes the recipe of a job in its current revision. Leaves out a template that was made from an intent, since it
 * names the output directory, and a default output directory, which names the job: the copy gets its own. Throws `not_found`.
 */
async function recipeOf(deps: OrchestratorDeps, id: string): Promise<z.input<typeof recipe>> {
  const job = await requireJob(deps, id);
  const revision = await deps.repository.jobs.revision(id, job.revision);
  if (!revision) throw new AbpError('store', `${id} has no revision ${job.revision}.`);
  const { outputDirectory } = job;
  const ownOutput = outputDirectory !== realPath(deps.places.outputs(id));
  return {
    working_directory: job.workingDirectory,
    input: {
      name: job.name,
      ...(job.userIntent === '' ? {} : { intent: job.userIntent }),
      source: { type: job.enumeratorType, ...job.enumeratorConfig },
      ...stepsInputOf(revision.steps),
      limits: revision.limits,
      test: testInputOf(job),
      ...(ownOutput || job.output
        ? { output: { ...(ownOutput && { directory: outputDirectory }), ...(job.output && outputInputOf(job.output)) } }
        : {}),
      ...(job.requireHumanApproval ? { require_human_approval: true } : {}),
      ...(job.redactResults ? {} : { redact_results: false }),
    },
  };
}

/** Converts steps to the input that makes them: the fields of the step `main`, and the others as `steps`. */
function stepsInputOf([first, ...others]: readonly Step[]): Partial<z.input<typeof createInput>> {
  const hasUnitSteps = others.some(({ scope }) => scope === 'unit');
  if (first?.name !== MAIN || hasUnitSteps) return { steps: [...(first ? [first] : []), ...others].map(stepInputOf) };
  const { name: _, scope: __, intent: ___, ...main } = stepInputOf(first);
  return { ...main, ...(others.length > 0 ? { steps: others.map(stepInputOf) } : {}) };
}

function stepInputOf({ name, scope, intent, template, outputSchema, worker, onFailures }: Step) {
  const words = intent === null ? (template === '' ? {} : { template }) : { intent };
  const failures = scope === 'job' ? { on_failures: onFailures } : {};
  return { name, scope, ...words, ...(outputSchema ? { schema: { ...outputSchema } } : {}), worker, ...failures };
}
