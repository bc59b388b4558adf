import { z } from 'zod';
import { AbpError } from '../../domain/error.ts';
import { type Job, needsPerson } from '../../domain/job.ts';
import { EVERYWHERE, type OrchestratorDeps, operation, requireJob, requireStoredJob, SCREENS } from '../operation.ts';
import { iso, jobId, testInput } from '../shapes.ts';
import { outputSettings } from './shown-output.ts';
import { shownSource, shownSourceShape } from './shown-source.ts';
import { briefSteps, briefStepsShape, shownSteps, shownStepsShape } from './shown-steps.ts';
import { testInputOf } from './shown-test.ts';
import { notesOf } from './source-notes.ts';

const object = z.record(z.string(), z.unknown());

/** Returns the settings of a job in full. */
export const jobSettings = operation({
  name: 'job_settings',
  title: 'A job’s settings in full',
  interfaces: SCREENS,
  description:
    'The settings of a job without truncation: intent, source, every revision with its template, schema, worker and limits, and the paths of its files.',
  input: z.strictObject({ job_id: jobId }),
  output: z.object({
    job_id: z.string(),
    name: z.string(),
    status: z.string(),
    intent: z.string(),
    source: shownSourceShape,
    fields: z.array(z.string()).readonly(),
    revision: z.int(),
    revisions: z.array(
      z.object({
        revision: z.int(),
        steps: shownStepsShape,
        limits: object,
        note: z.string().nullable(),
        created_at: z.string(),
      }),
    ),
    test: testInput,
    require_human_approval: z.boolean(),
    /** True when only a person can allow it to run and approve its test. */
    needs_person: z.boolean(),
    home: z.string().nullable(),
    redact_results: z.boolean(),
    /** The directory that agents may write below, and the file of the results with its options, if there is one. */
    output: z.looseObject({ directory: z.string(), path: z.string().optional() }),
    request_id: z.string().nullable(),
    batch_file: z.string().nullable(),
    working_directory: z.string(),
    run_directories: z.string(),
    executor_log: z.string(),
  }),
  effect: 'read',
  async run(deps, { job_id }) {
    const job = await requireJob(deps, job_id);
    return {
      ...settingsOf(deps, job),
      revision: job.revision,
      revisions: (await deps.repository.jobs.revisions(job_id)).map((revision) => ({
        revision: revision.revision,
        steps: shownSteps(revision.steps),
        limits: { ...revision.limits },
        note: revision.note,
        created_at: iso(revision.createdAt),
      })),
      needs_person: needsPerson(job),
    };
  },
});

/** Returns the settings of a job in one revision. */
export const getJob = operation({
  name: 'get_job',
  title: 'Settings of a job',
  interfaces: EVERYWHERE,
  description:
    'Shows the settings of a job: intent, source, prompt template, output schema, worker, limits, revisions, directories. For progress use get_job_status.',
  input: z.strictObject({
    job_id: jobId,
    revision: z.int().min(1).max(100_000).optional().describe('An earlier revision; default the current one'),
  }),
  output: z.looseObject({
    job_id: z.string(),
    name: z.string(),
    status: z.string(),
    ...briefStepsShape.shape,
    limits: z.looseObject({}),
  }),
  effect: 'read',
  async run(deps, { job_id, revision: number }) {
    const job = await requireStoredJob(deps, job_id);
    const revision = await deps.repository.jobs.revision(job_id, number ?? job.revision);
    if (!revision) {
      throw new AbpError('not_found', `${job_id} has no revision ${number}.`, { hint: `It has 1 to ${job.revision}.` });
    }
    return {
      ...settingsOf(deps, job),
      ...(await notesOf(deps, job_id)),
      revision: revision.revision,
      revisions: (await deps.repository.jobs.revisions(job_id)).map(({ revision: r, note, createdAt }) => ({
        revision: r,
        note,
        created_at: iso(createdAt),
      })),
      ...briefSteps(revision.steps),
      limits: { ...revision.limits, max_workers: job.maxWorkers },
      created_at: iso(job.createdAt),
      started_at: iso(job.startedAt),
      ended_at: iso(job.endedAt),
    };
  },
});

/** The settings that are the same in every revision. */
function settingsOf({ places }: OrchestratorDeps, job: Job) {
  return {
    job_id: job.jobId,
    name: job.name,
    status: job.status,
    intent: job.userIntent,
    source: shownSource(job.enumeratorType, job.enumeratorConfig),
    fields: job.fields,
    test: testInputOf(job),
    require_human_approval: job.requireHumanApproval,
    home: job.home,
    redact_results: job.redactResults,
    output: { directory: job.outputDirectory, ...(job.output && outputSettings(job.output)) },
    request_id: job.request?.id ?? null,
    batch_file: job.batchFile,
    working_directory: job.workingDirectory,
    run_directories: places.runs(job.jobId),
    executor_log: places.log(job.jobId),
  };
}
