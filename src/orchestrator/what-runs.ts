import { z } from 'zod';
import type { Definition } from '../approval/definition.ts';
import type { Revision } from '../domain/job.ts';
import type { JsonObject } from '../domain/json.ts';
import { redactJson } from '../domain/redact.ts';
import type { NewJob } from '../ports/job-store.ts';
import { listed } from './approval.ts';
import { shownWorker } from './shown-worker.ts';

const object = z.record(z.string(), z.unknown());

/** A source as a person reads it. */
export const shownSourceShape = z.object({ type: z.string(), config: object });

/** All that decides what a job runs, and how far: what a person has to have seen before they allow it. */
export const whatRunsShape = z.object({
  name: z.string(),
  can: z.array(z.object({ can: z.string(), what: z.string() })),
  source: shownSourceShape,
  worker: z.looseObject({ type: z.string() }),
  template: z.string(),
  output_schema: object.nullable(),
  post_processing: object.nullable(),
  /** No part of the definition: after the approval only a person raises them. */
  limits: object,
  test_units: z.int(),
  home: z.string().nullable(),
  output_directory: z.string(),
  /** Where its results are written; no part of the definition: anybody who may export may have them there. */
  output: z.string().nullable(),
  files: z.array(z.object({ path: z.string(), sha256: z.string().nullable() })),
});

export type WhatRuns = z.input<typeof whatRunsShape>;

/** What a job would run in a revision, for a person; of one that is not made yet, too. Uncut; secrets are hidden. */
export function whatRuns(
  job: Omit<NewJob, 'createdAt'>,
  { template, outputSchema, worker, limits }: Pick<Revision, 'template' | 'outputSchema' | 'worker' | 'limits'>,
  { powers, files }: Definition,
): WhatRuns {
  return {
    name: job.name,
    can: listed(powers),
    source: shownSource(job.enumeratorType, job.enumeratorConfig),
    worker: shownWorker(worker),
    template,
    output_schema: outputSchema,
    post_processing: job.postProcessing && { ...job.postProcessing },
    limits: { ...limits },
    test_units: job.testUnits,
    home: job.home,
    output_directory: job.outputDirectory,
    output: job.output?.path ?? null,
    files: Object.entries(files).map(([path, sha256]) => ({ path, sha256 })),
  };
}

/** A source as a person reads it; code is what they are asked about, and stays as it is. */
export function shownSource(type: string, config: JsonObject): z.input<typeof shownSourceShape> {
  const { code } = config;
  return { type, config: { ...redactJson(config, 'logs'), ...(typeof code === 'string' ? { code } : {}) } };
}
