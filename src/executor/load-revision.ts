import { defineJob } from '../approval/definition.ts';
import { AbpError } from '../domain/error.ts';
import type { Job } from '../domain/job.ts';
import { outputInPrompt } from '../domain/job-output.ts';
import { type Step, stepDirectory, stepsOf } from '../domain/step.ts';
import type { Scope } from '../domain/unit.ts';
import type { Repository } from '../ports/repository.ts';
import type { Workers } from '../ports/worker.ts';
import { createPromptRenderer } from '../prompt/render.ts';
import { JOB_STEP_FIELDS } from '../prompt/synthesizer.ts';
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
  const loadStep = async (step: Step, number: number, ofScope: readonly Step[]): Promise<LoadedStep> => {
    const { worker, config } = await workers.parse(step.worker);
    const needs = revision.needs?.[step.name] ?? null;
    return {
      ...{ step, worker, config, needs, policy: worker.policy(config) },
      environment: needs === null ? environment : { ...environment, PATH: needs.searchPath ?? environment.PATH },
      renderer: await createPromptRenderer({
        template: step.template,
        fields: step.scope === 'job' ? JOB_STEP_FIELDS : job.fields,
        outputDirectory: outputInPrompt(worker.type, stepDirectory(job.outputDirectory, step)),
        steps: ofScope.slice(0, number),
      }),
    };
  };
  const loadScope = (scope: Scope) => Promise.all(stepsOf(revision, scope).map(loadStep));
  return {
    revision,
    steps: { unit: await loadScope('unit'), job: await loadScope('job') },
    definition: await defineJob(job, revision, workers, { path: repository.path, outputs: places.outputs }),
  };
}
