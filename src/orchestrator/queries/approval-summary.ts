import { z } from 'zod';
import type { Definition } from '../../approval/definition.ts';
import type { Revision } from '../../domain/job.ts';
import type { JsonObject } from '../../domain/json.ts';
import { redactJson } from '../../domain/redact.ts';
import { stepAt } from '../../domain/step.ts';
import type { NewJob } from '../../ports/job-store.ts';
import { shownPowers } from './shown-powers.ts';
import { shownWorker } from './shown-worker.ts';

const object = z.record(z.string(), z.unknown());

/** Shape of a source that a person reviews: its type, and its config with secrets hidden. */
export const shownSourceShape = z.object({ type: z.string(), config: object });

/** Shape of everything that decides what a job runs, with its limits: what a person reviews before they allow it. */
export const approvalSummaryShape = z.object({
  name: z.string(),
  can: z.array(z.object({ can: z.string(), what: z.string() })),
  source: shownSourceShape,
  worker: z.looseObject({ type: z.string() }),
  template: z.string(),
  output_schema: object.nullable(),
  post_processing: object.nullable(),
  /** Not part of the definition: after the approval only a person raises them. */
  limits: object,
  test_units: z.int(),
  home: z.string().nullable(),
  output_directory: z.string(),
  /** File that the results are written to; not part of the definition: it does not decide what runs. */
  output: z.string().nullable(),
  files: z.array(z.object({ path: z.string(), sha256: z.string().nullable() })),
});

export type ApprovalSummary = z.input<typeof approvalSummaryShape>;

/** Summarizes what a job would run in a revision, stored or not. Nothing is truncated; secrets are hidden. */
export function approvalSummary(
  job: Omit<NewJob, 'createdAt'>,
  revision: Pick<Revision, 'steps' | 'limits'>,
  { powers, files }: Definition,
): ApprovalSummary {
  const { template, outputSchema, worker } = stepAt(revision, { stage: 'main', step: 0 });
  return {
    name: job.name,
    can: shownPowers(powers),
    source: shownSource(job.enumeratorType, job.enumeratorConfig),
    worker: shownWorker(worker),
    template,
    output_schema: outputSchema,
    post_processing: job.postProcessing && { ...job.postProcessing },
    limits: { ...revision.limits },
    test_units: job.testUnits,
    home: job.home,
    output_directory: job.outputDirectory,
    output: job.output?.path ?? null,
    files: Object.entries(files).map(([path, sha256]) => ({ path, sha256 })),
  };
}

/** Shows a source with secrets hidden. Code stays as it is: it is what the person is asked about. */
export function shownSource(type: string, config: JsonObject): z.input<typeof shownSourceShape> {
  const { code } = config;
  return { type, config: { ...redactJson(config, 'logs'), ...(typeof code === 'string' ? { code } : {}) } };
}
