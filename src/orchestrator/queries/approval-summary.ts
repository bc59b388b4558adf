import { z } from 'zod';
import type { Definition } from '../../approval/definition.ts';
import type { Revision } from '../../domain/job.ts';
import type { NewJob } from '../../ports/job-store.ts';
import { testInput } from '../shapes.ts';
import { shownPowers } from './shown-powers.ts';
import { reviewedSource, shownSourceShape } from './shown-source.ts';
import { shownSteps, shownStepsShape } from './shown-steps.ts';
import { testInputOf } from './shown-test.ts';

const object = z.record(z.string(), z.unknown());

/** Shape of everything that decides what a job runs, with its limits: what a person reviews before they allow it. */
export const approvalSummaryShape = z.object({
  name: z.string(),
  can: z.array(z.object({ can: z.string(), what: z.string() })),
  source: shownSourceShape,
  steps: shownStepsShape,
  /** Not part of the definition: after the approval only a person raises them. */
  limits: object,
  test: testInput,
  home: z.string().nullable(),
  /** Its file, which the results are written to, is not part of the definition: it does not decide what runs. */
  output: z.object({ directory: z.string(), path: z.string().optional() }),
  files: z.array(z.object({ path: z.string(), sha256: z.string().nullable() })),
});

export type ApprovalSummary = z.input<typeof approvalSummaryShape>;

/** Summarizes what a job would run in a revision, stored or not. Nothing is truncated; secrets are hidden. */
export function approvalSummary(
  job: Omit<NewJob, 'createdAt'>,
  revision: Pick<Revision, 'steps' | 'limits'>,
  { powers, files }: Definition,
): ApprovalSummary {
  return {
    name: job.name,
    can: shownPowers(powers),
    source: reviewedSource(job.enumeratorType, job.enumeratorConfig),
    steps: shownSteps(revision.steps),
    limits: { ...revision.limits },
    test: testInputOf(job),
    home: job.home,
    output: { directory: job.outputDirectory, ...(job.output && { path: job.output.path }) },
    files: Object.entries(files).map(([path, sha256]) => ({ path, sha256 })),
  };
}
