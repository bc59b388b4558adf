import { z } from 'zod';
import { AbpError } from '../../domain/error.ts';
import { approveCode as approve, findCode } from '../approve-code.ts';
import { operation } from '../operation.ts';
import { iso } from '../shapes.ts';

const approval = z.object({ sha256: z.string(), code: z.string(), requested_at: z.string() });

/** Dynamic code that waits for a human. */
export const listCodeApprovals = operation({
  name: 'list_code_approvals',
  title: 'Code that waits for approval',
  description: 'Dynamic enumerators whose code no human has approved yet, with the whole code.',
  input: z.strictObject({}),
  output: z.object({ approvals: z.array(approval) }),
  effect: 'read',
  async run({ repository }) {
    return {
      approvals: repository.approvals
        .pending()
        .map(({ sha256, code, requestedAt }) => ({ sha256, code, requested_at: iso(requestedAt) })),
    };
  },
});

/** A human's yes to dynamic code. */
export const approveDynamicCode = operation({
  name: 'approve_code',
  title: 'Approve dynamic code',
  description: 'Records that a human read this very code and lets it run. Only a person can: a program is refused.',
  input: z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  output: z.object({ sha256: z.string(), approved: z.boolean() }),
  effect: 'write',
  async run(deps, { sha256 }, call) {
    if (!call.human) {
      throw new AbpError('approval_required', 'Only a person can approve code.', {
        hint: `In a terminal: abp approve-code ${sha256.slice(0, 12)}`,
      });
    }
    const { sha256: found } = findCode(deps, sha256);
    approve(deps, found, call.human);
    return { sha256: found, approved: true };
  },
});
