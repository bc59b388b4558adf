import { z } from 'zod';
import { pausedFields } from '../../domain/rules/pause.ts';
import { type OrchestratorDeps, operation, SCREENS } from '../operation.ts';
import { findApproval } from '../queries/approvals.ts';
import { decidedDefinition } from '../shapes.ts';

/** Revokes an approval. */
export const revokeApproval = operation({
  name: 'revoke_approval',
  title: 'Revoke an approval',
  interfaces: SCREENS,
  description: 'Revokes an approval: jobs that run under it are paused and start again only when a person allows them.',
  input: z.strictObject({ definition: decidedDefinition }),
  output: z.object({ definition: z.string(), paused: z.array(z.string()) }),
  effect: 'write',
  async run(deps, { definition }) {
    const found = await findApproval(deps, definition);
    return { definition: found.definition, paused: [...(await revoke(deps, found.definition))] };
  },
});

/**
 * Revokes an approval and pauses the jobs that run under it; they start again only when a person allows them. Returns their
 * ids.
 */
async function revoke(
  { repository }: Pick<OrchestratorDeps, 'repository'>,
  definition: string,
): Promise<readonly string[]> {
  const patch = pausedFields({ reason: 'approval', message: REVOKED });
  return repository.transaction('store', async (tx) => {
    const paused: string[] = [];
    if ((await tx.approvals.revoke(definition)) === 'unchanged') return paused;
    for (const { jobId } of await tx.jobs.approvedAs(definition)) {
      const waits = (await tx.jobs.patch(jobId, patch, ['paused'])) === 'written';
      if (!waits && (await tx.jobs.move(jobId, 'paused', { patch })) === 'conflict') continue;
      await tx.events.add(jobId, { type: 'job:paused', data: { reason: 'approval', message: REVOKED } });
      paused.push(jobId);
    }
    return paused;
  });
}

const REVOKED = 'The approval of what it runs was revoked.';
