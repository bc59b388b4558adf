import { defineJob } from '../approval/definition.ts';
import { AbpError } from '../domain/error.ts';
import type { Job, Revision } from '../domain/job.ts';
import { outputInPrompt } from '../domain/job-output.ts';
import type { Step } from '../domain/step.ts';
import type { Repository } from '../ports/repository.ts';
import type { Workers } from '../ports/worker.ts';
import { createPromptRenderer } from '../prompt/render.ts';
import { synthesizePostProcessing } from '../prompt/synthesizer.ts';
import type { StorePaths } from '../supervision/store-paths.ts';
import type { LoadedRevision, LoadedStep, LoadRevision } from './context.ts';

/** Paths of an executor's store, and its environment. */
export interface ExecutorEnvironment {
  readonly places: StorePaths;
  readonly environment: LoadedStep['environment'];
}

/** Creates a loader that keeps loaded revisions: files on disk may change under a running executor. */
export function createRevisionLoader(
  repository: Repository,
  workers: Workers,
  surroundings: ExecutorEnvironment,
): LoadRevision {
  const loaded = new Map<number, LoadedRevision>();
  return async (job, number = job.revision) => {
    const known = loaded.get(number) ?? (await load(repository, workers, surroundings, job, number));
    loaded.set(number, known);
    return known;
  };
}

async function load(
  repository: Repository,
  workers: Workers,
  { places, environment }: ExecutorEnvironment,
  job: Job,
  number: number,
): Promise<LoadedRevision> {
  const revision = await repository.jobs.revision(job.jobId, number);
  if (!revision) throw new AbpError('store', `${job.jobId} has no revision ${number}.`);
  const loadStep = async (step: Step, fields: readonly string[], outputDirectory: string, before: readonly Step[]) => {
    const { worker, config } = await workers.parse(step.worker);
    const needs = revision.needs?.[step.name] ?? null;
    const directory = outputInPrompt(worker.type, outputDirectory);
    return {
      ...{ step, worker, config, needs, policy: worker.policy(config) },
      environment: needs === null ? environment : { ...environment, PATH: needs.searchPath ?? environment.PATH },
      renderer: await createPromptRenderer({
        template: step.template,
        fields,
        outputDirectory: directory,
        steps: before,
      }),
    };
  };
  const main = await Promise.all(
    revision.steps.map((step, n) => loadStep(step, job.fields, job.outputDirectory, revision.steps.slice(0, n))),
  );
  const post = await postStep(job, revision);
  return {
    revision,
    steps: {
      main,
      post: post ? [await loadStep(post.step, post.fields, post.outputDirectory, [])] : [],
    },
    definition: await defineJob(job, revision, workers, { path: repository.path, outputs: places.outputs }),
  };
}

/** Returns post-processing as a step with the worker of the last one; null = the job has none. */
async function postStep({ postProcessing }: Job, { steps }: Revision) {
  const last = steps.at(-1);
  if (!postProcessing || !last) return null;
  const { prompt, outputDirectory } = postProcessing;
  const directory = outputInPrompt(last.worker.type, outputDirectory);
  const { template, fields } = await synthesizePostProcessing({ prompt, outputDirectory: directory });
  // The schema describes a unit's result, not that of post-processing.
  return { step: { ...last, template, outputSchema: null }, fields, outputDirectory };
}
