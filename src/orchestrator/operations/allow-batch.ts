import { type Definition, defineJob } from '../../approval/definition.ts';
import { AbpError } from '../../domain/error.ts';
import type { JsonObject } from '../../domain/json.ts';
import { type Terms, termsOf } from '../../domain/limits.ts';
import { parseWith } from '../../domain/validate.ts';
import { getEnumerator, parseConfig } from '../../enumerators/index.ts';
import type { NewJob } from '../../ports/job-store.ts';
import { refuseRecursion } from '../../supervision/launch.ts';
import type { InputOf } from '../index.ts';
import type { Call, OrchestratorDeps } from '../operation.ts';
import { type ApprovalSummary, approvalSummary } from '../queries/approval-summary.ts';
import { createJob } from './create-job.ts';
import { newJob, revisionOf } from './new-job.ts';
import { previewPrompts } from './preview-prompts.ts';
import { checkSettings } from './settings.ts';
import { templateOf } from './template.ts';

/** The job that create_job would make of its arguments, as a person is asked about it. */
export interface BatchDefinition {
  readonly job: NewJob;
  readonly terms: Terms;
  readonly units: number;
  readonly definition: Definition;
  /** The summary that a person is shown. */
  readonly shown: ApprovalSummary;
}

/**
 * Computes the definition of the job that these arguments would make; stores nothing. Reads the first items of the source
 * for the names of their fields, which a template made from an intent may use. Throws the errors of create_job.
 */
export async function defineBatch(
  deps: OrchestratorDeps,
  given: InputOf<'create_job'>,
  call: Call,
): Promise<BatchDefinition> {
  const { repository, workers, places } = deps;
  const input = parseWith(createJob.input, given, 'arguments of create_job');
  const { fields, total } = await previewPrompts(deps, given, call, 1);
  const enumerator = await getEnumerator(input.enumerator_type);
  const config = enumerator.resolve(parseConfig(enumerator, input.enumerator_config), call);
  const settings = await checkSettings(deps, input, null);
  const job = await newJob(deps, input, config as JsonObject, settings, call);
  const { outputDirectory } = job;
  const template = await templateOf(deps, input, settings, { fields, outputDirectory });
  const store = { path: repository.path, outputs: places.outputs };
  const revision = { template, ...revisionOf(settings) };
  const definition = await (await defineJob(job, revision, workers, store)).now();
  return {
    job,
    terms: termsOf({ maxWorkers: settings.limits.max_workers, testUnits: job.testUnits }, settings.limits),
    units: total,
    definition,
    shown: approvalSummary(job, revision, definition),
  };
}

/** Records that a person allows this definition. Throws `approval_required` when the caller is not a person. */
export async function allowBatch(
  deps: OrchestratorDeps,
  { job, terms, definition }: BatchDefinition,
  call: Call,
): Promise<void> {
  refuseRecursion(deps.environment);
  const by = call.human;
  if (by === null) {
    throw new AbpError('approval_required', 'Only a person can allow a batch file to run.', {
      hint: 'On a terminal: abp approvals allow <batch file>',
    });
  }
  const { id, powers, files } = definition;
  await deps.repository.transaction('store', async (tx) => {
    const asked = { definition: id, about: 'job', title: job.name, powers, files, source: null } as const;
    await tx.approvals.request(asked);
    await tx.approvals.approve(id, by, terms);
  });
}
