import { z } from 'zod';
import { AbpError } from '../../domain/error.ts';
import { refuseRecursion } from '../../domain/rules/recursion.ts';
import { operation, TERMINAL } from '../operation.ts';
import { defineBatch } from './batch-approval.ts';
import { createInput } from './new-job.ts';

/** Records that a person allows what a batch file would run, before its job exists. */
export const allowBatch = operation({
  name: 'allow_batch',
  title: 'Allow a batch file to run',
  interfaces: TERMINAL,
  description:
    'Records that a person reviewed the job that these arguments make, and allows it. `definition` is that of the answer that they reviewed.',
  input: createInput.extend({ definition: z.string().max(100) }),
  output: z.object({ definition: z.string(), allowed: z.boolean() }),
  effect: 'write',
  openWorld: true,
  async run(deps, { definition: reviewed, ...given }, call) {
    refuseRecursion(deps.environment);
    const by = call.human;
    if (by === null) {
      throw new AbpError('approval_required', 'Only a person can allow a batch file to run.', {
        hint: 'On a terminal: abp approvals allow <batch file>',
      });
    }
    const { job, terms, definition } = await defineBatch(deps, given, call);
    const { id, powers, files } = definition;
    if (id !== reviewed) {
      throw new AbpError(
        'conflict',
        'What the batch file would run has changed since it was shown; nothing was allowed.',
        {
          hint: 'Look at it again.',
        },
      );
    }
    await deps.repository.transaction('store', async (tx) => {
      const asked = { definition: id, about: 'job', title: job.name, powers, files, source: null } as const;
      await tx.approvals.request(asked);
      await tx.approvals.approve(id, by, terms);
    });
    return { definition: id, allowed: true };
  },
});
