import { defineJob } from '../approval/definition.ts';
import { AbpError } from '../domain/error.ts';
import type { Job } from '../domain/job.ts';
import { outputInPrompt } from '../domain/job-output.ts';
import type { Stage } from '../domain/unit.ts';
import type { Repository } from '../ports/repository.ts';
import type { Workers } from '../ports/worker.ts';
import { createPromptRenderer, type PromptRenderer } from '../prompt/render.ts';
import { synthesizePostProcessing } from '../prompt/synthesizer.ts';
import type { StorePaths } from '../supervision/store-paths.ts';
import type { LoadedRevision, LoadRevision } from './context.ts';

/** Paths of an executor's store, and its environment. */
export interface ExecutorEnvironment {
  readonly places: StorePaths;
  readonly environment: LoadedRevision['environment'];
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
  const { worker, config } = await workers.parse(revision.worker);
  const renderers = new Map<Stage, PromptRenderer>();
  const main = await createPromptRenderer({
    template: revision.template,
    fields: job.fields,
    outputDirectory: outputInPrompt(worker.type, job.outputDirectory),
  });
  renderers.set('main', main);
  if (job.postProcessing) {
    const { prompt } = job.postProcessing;
    const outputDirectory = outputInPrompt(worker.type, job.postProcessing.outputDirectory);
    const post = await synthesizePostProcessing({ prompt, outputDirectory });
    renderers.set('post', await createPromptRenderer({ ...post, outputDirectory }));
  }
  const searchPath = revision.needs?.searchPath ?? null;
  return {
    revision,
    worker,
    config,
    definition: await defineJob(job, revision, workers, { path: repository.path, outputs: places.outputs }),
    environment: searchPath === null ? environment : { ...environment, PATH: searchPath },
    renderer: (stage) => renderers.get(stage) ?? main,
    policy: worker.policy(config),
  };
}
