import { z } from 'zod';
import { type Definition, defineJob } from '../../approval/definition.ts';
import type { Revision } from '../../domain/job.ts';
import type { JsonObject } from '../../domain/json.ts';
import { type Terms, termsOf } from '../../domain/limits.ts';
import { openSource } from '../../enumerators/index.ts';
import type { NewJob } from '../../ports/job-store.ts';
import { type Call, type OrchestratorDeps, operation, TERMINAL } from '../operation.ts';
import { approvalSummary, approvalSummaryShape } from '../queries/approval-summary.ts';
import { type CreateInput, createInput, newJob } from './new-job.ts';
import { promptsOf } from './preview-prompts.ts';
import { limitsOf } from './settings.ts';
import { checkedSteps, withTemplates } from './steps.ts';

/** Returns what a person is asked about the job that a batch file makes, before it exists. */
export const batchApproval = operation({
  name: 'batch_approval',
  title: 'Approval of a batch file',
  interfaces: TERMINAL,
  description: 'Shows everything that decides what the job of these arguments would run; stores nothing.',
  input: createInput,
  output: approvalSummaryShape.extend({ definition: z.string(), units: z.int() }),
  effect: 'read',
  openWorld: true,
  async run(deps, given, call) {
    const { job, revision, definition, units } = await defineBatch(deps, given, call);
    return { ...approvalSummary(job, revision, definition), definition: definition.id, units };
  },
});

/** The job that create_job would make of its arguments. */
export interface BatchDefinition {
  readonly job: NewJob;
  readonly revision: Pick<Revision, 'steps' | 'limits'>;
  readonly terms: Terms;
  readonly units: number;
  readonly definition: Definition;
}

/**
 * Computes the definition of the job that these arguments would make; stores nothing. Reads the first items of the source
 * for the names of their fields, which a template made from an intent may use. Throws the errors of create_job.
 */
export async function defineBatch(deps: OrchestratorDeps, input: CreateInput, call: Call): Promise<BatchDefinition> {
  const { repository, workers, places } = deps;
  const { fields, total } = await promptsOf(deps, input, call, 1);
  const { config } = await openSource(input.source, call);
  const drafts = await checkedSteps(workers, input);
  const limits = limitsOf(deps, input.limits);
  const job = await newJob(deps, input, config as JsonObject, { steps: drafts, limits }, call);
  const { outputDirectory, enumeratorType } = job;
  const steps = await withTemplates(deps, drafts, { fields, outputDirectory, enumeratorType });
  const store = { path: repository.path, outputs: places.outputs };
  const revision = { steps, limits };
  const definition = await (await defineJob(job, revision, workers, store)).now();
  return {
    job,
    revision,
    terms: termsOf({ maxWorkers: limits.max_workers, testUnits: job.testUnits }, limits),
    units: total,
    definition,
  };
}
