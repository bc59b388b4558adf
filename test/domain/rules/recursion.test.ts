import { expect, test } from 'vitest';
import { ATTEMPT_ID_VARIABLE, refuseRecursion } from '../../../src/domain/rules/recursion.ts';

test('an agent that ABP runs cannot create or start jobs', () => {
  expect(() => refuseRecursion({ [ATTEMPT_ID_VARIABLE]: 'a1' })).toThrow(/cannot create or start jobs/);
});

test.each([[{}], [{ [ATTEMPT_ID_VARIABLE]: '' }], [{ ABP_JOB_ID: 'job-1' }]])('outside of one they can: %j', (env) => {
  expect(() => refuseRecursion(env)).not.toThrow();
});
