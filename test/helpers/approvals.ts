import type { JsonObject } from '../../src/domain/json.ts';
import { getEnumerator, parseConfig } from '../../src/enumerators/index.ts';
import { type OrchestratorDeps, requireJob } from '../../src/orchestrator/operation.ts';
import { allowJob } from '../../src/orchestrator/operations/allow-job.ts';
import { allowSource } from '../../src/orchestrator/operations/allow-source.ts';
import { requireSource } from '../../src/orchestrator/operations/approval.ts';
import { approvalState, shownOf } from '../../src/orchestrator/queries/approval-state.ts';

/** A call by a person. */
export const PERSON = { interface: 'cli', workingDirectory: '/', human: 'cli', maxWaitMs: 1e9 } as const;

/** Approves the reading of a source, as a person. */
export async function personAllowsSource(
  deps: OrchestratorDeps,
  type: string,
  given: JsonObject,
  workingDirectory = '/',
): Promise<void> {
  const enumerator = await getEnumerator(type);
  const config = enumerator.resolve(parseConfig(enumerator, given), { workingDirectory });
  try {
    await requireSource(deps, enumerator, config, { workingDirectory });
  } catch (error) {
    const { details } = error as { readonly details: { readonly definition: string } };
    await allowSource.run(deps, { definition: details.definition }, PERSON);
  }
}

/** Approves a job's present definition, as a person. */
export async function personAllowsJob(deps: OrchestratorDeps, jobId: string): Promise<void> {
  const job = await requireJob(deps, jobId);
  const { definition } = await approvalState(deps, job);
  await allowJob.run(deps, { job_id: jobId, shown: shownOf(job, definition.id) }, PERSON);
}
