import { AbpError } from '../error.ts';

/** Variable that a run of an attempt has in its environment, and so has all that its agent starts. */
export const ATTEMPT_ID_VARIABLE = 'ABP_ATTEMPT_ID';

/** Throws AbpError `invalid_input` in the environment of an agent that ABP runs: ABP is never recursive. */
export function refuseRecursion(environment: Readonly<Record<string, string | undefined>>): void {
  if (!environment[ATTEMPT_ID_VARIABLE]) return;
  throw new AbpError('invalid_input', 'An agent that ABP runs cannot create or start jobs.', {
    hint: 'Report in the result that more work is needed; a person can create the next job.',
  });
}
