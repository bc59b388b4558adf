import { z } from 'zod';
import type { Approval } from '../../domain/approval.ts';
import { AbpError } from '../../domain/error.ts';
import { hint, mention } from '../../domain/hint.ts';
import { refuseRecursion } from '../../domain/rules/recursion.ts';
import { type Call, type OrchestratorDeps, operation, SCREENS } from '../operation.ts';
import { SHORT_HASH } from '../queries/approval-state.ts';
import { findApproval } from '../queries/approvals.ts';
import { decidedDefinition } from '../shapes.ts';

/** Records that a person allows a source. */
export const allowSource = operation({
  name: 'allow_source',
  title: 'Allow a source to be read',
  interfaces: SCREENS,
  description:
    'Records that a person reviewed a source (its code, query or path) and allows it to be read. Refused for programs.',
  input: z.strictObject({ definition: decidedDefinition }),
  output: z.object({ definition: z.string(), allowed: z.boolean() }),
  effect: 'write',
  async run(deps, { definition }, call) {
    const found = await findApproval(deps, definition);
    await recordSource(deps, found, call);
    return { definition: found.definition, allowed: true };
  },
});

/**
 * Records that a person allows a source. Throws `approval_required` when the caller is not a person, `invalid_input` for a
 * job.
 */
async function recordSource(deps: OrchestratorDeps, { definition, about, title }: Approval, call: Call): Promise<void> {
  refuseRecursion(deps.environment);
  if (!call.human) {
    throw new AbpError('approval_required', 'Only a person can allow a source.', {
      hint: [mention('allow_source', { definition: definition.slice(0, SHORT_HASH) })],
    });
  }
  if (about !== 'source') {
    throw new AbpError(
      'invalid_input',
      `${definition.slice(0, SHORT_HASH)} is the definition of a job (${title}), not of a source.`,
      {
        hint: hint`Allow a job by its id: ${mention('allow_job', { job_id: '<job>' })}.`,
      },
    );
  }
  const by = call.human;
  await deps.repository.transaction('store', (tx) => tx.approvals.approve(definition, by, null));
}
