import { z } from 'zod';
import { needsPerson } from '../../domain/job.ts';
import { redactJson } from '../../domain/redact.ts';
import { operation, requireJob, SCREENS } from '../operation.ts';
import { outputSettings } from '../operations/output.ts';
import { iso, jobId } from '../shapes.ts';
import { shownWorker } from './shown-worker.ts';

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
    user_intent: z.string(),
    enumerator_type: z.string(),
    enumerator_config: object,
    fields: z.array(z.string()).readonly(),
    revision: z.int(),
    revisions: z.array(
      z.object({
        revision: z.int(),
        template: z.string(),
        output_schema: object.nullable(),
        worker: z.looseObject({ type: z.string() }),
        limits: object,
        note: z.string().nullable(),
        created_at: z.string(),
      }),
    ),
    test_units: z.int(),
    require_human_approval: z.boolean(),
    /** True when only a person can allow it to run and approve its test. */
    needs_person: z.boolean(),
    home: z.string().nullable(),
    redact_results: z.boolean(),
    post_processing: object.nullable(),
    output: object.nullable(),
    request_id: z.string().nullable(),
    batch_file: z.string().nullable(),
    working_directory: z.string(),
    output_directory: z.string(),
    run_directories: z.string(),
    executor_log: z.string(),
  }),
  effect: 'read',
  async run(deps, { job_id }) {
    const job = await requireJob(deps, job_id);
    return {
      job_id,
      name: job.name,
      status: job.status,
      user_intent: job.userIntent,
      enumerator_type: job.enumeratorType,
      enumerator_config: redactJson(job.enumeratorConfig, 'logs'),
      fields: job.fields,
      revision: job.revision,
      revisions: (await deps.repository.jobs.revisions(job_id)).map((revision) => ({
        revision: revision.revision,
        template: revision.template,
        output_schema: revision.outputSchema,
        worker: shownWorker(revision.worker),
        limits: { ...revision.limits },
        note: revision.note,
        created_at: iso(revision.createdAt),
      })),
      test_units: job.testUnits,
      require_human_approval: job.requireHumanApproval,
      needs_person: needsPerson(job),
      home: job.home,
      redact_results: job.redactResults,
      post_processing: job.postProcessing && { ...job.postProcessing },
      output: job.output && outputSettings(job.output),
      request_id: job.request?.id ?? null,
      batch_file: job.batchFile,
      working_directory: job.workingDirectory,
      output_directory: job.outputDirectory,
      run_directories: deps.places.runs(job_id),
      executor_log: deps.places.log(job_id),
    };
  },
});
