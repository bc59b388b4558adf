import { z } from 'zod';
import type { Definition } from '../../approval/definition.ts';
import { termsOf } from '../../domain/limits.ts';
import { refuseRecursion } from '../../domain/rules/recursion.ts';
import { type Call, type OrchestratorDeps, operation, requireJob, SCREENS } from '../operation.ts';
import { definitionOf, revisionNow, SHORT_HASH } from '../queries/approval-state.ts';
import { jobId } from '../shapes.ts';
import { requirePerson, requireShown } from './approval.ts';

/** Records that a person allows a job as it was shown. */
export const allowJob = operation({
  name: 'allow_job',
  title: 'Allow a job to run',
  interfaces: SCREENS,
  description:
    'Records that a person reviewed a job and allows it; nothing runs yet. Refused for programs. `shown` is the one of the answer that they reviewed.',
  input: z.strictObject({ job_id: jobId, shown: z.string().max(100) }),
  output: z.object({ job_id: z.string(), definition: z.string(), allowed: z.boolean() }),
  effect: 'write',
  async run(deps, { job_id, shown: looked }, call) {
    const { id } = await recordJob(deps, job_id, looked, call);
    return { job_id, definition: id, allowed: true };
  },
});

/**
 * Records that a person allows a job to run as it was shown to them. Throws `approval_required` when the caller is not a
 * person, `conflict` when the job has changed since.
 */
async function recordJob(deps: OrchestratorDeps, jobId: string, shown: string, call: Call): Promise<Definition> {
  refuseRecursion(deps.environment);
  const { repository } = deps;
  const { human } = call;
  const job = await requireJob(deps, jobId);
  requirePerson(job, call, 'allow');
  const revision = await revisionNow(deps, job);
  const definition = await (await definitionOf(deps, job, revision)).now();
  await repository.transaction({ job: jobId }, async (tx) => {
    const now = await requireJob({ repository: tx }, jobId);
    requireShown(now, shown, definition.id);
    const { id, powers, files } = definition;
    const asked = { definition: id, about: 'job', title: job.name, powers, files, source: null } as const;
    await tx.approvals.request(asked);
    await tx.approvals.approve(id, human ?? 'unknown', termsOf(now, revision.limits));
    await tx.jobs.patch(jobId, { approvedDefinition: id, powers });
    await tx.events.add(jobId, { type: 'job:allowed', data: { definition: id.slice(0, SHORT_HASH), by: human } });
  });
  return definition;
}
