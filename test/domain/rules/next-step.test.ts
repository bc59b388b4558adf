import { expect, test } from 'vitest';
import { nextJobStep, nextStep } from '../../../src/domain/rules/next-step.ts';

const STEPS = [{ onFailures: 'skip' }, { onFailures: 'run' }, { onFailures: 'skip' }] as const;

test.each([
  [0, 0, 0],
  [1, 0, 1],
  [2, 0, 2],
  [3, 0, null],
  [0, 4, 1],
  [1, 4, 1],
  [2, 4, null],
] as const)('from step %i on, with %i failed units, the next is %j', (from, failed, next) => {
  expect(nextJobStep(STEPS, from, { failed })).toBe(next);
});

test('without steps of scope job there is none', () => {
  expect(nextJobStep([], 0, { failed: 0 })).toBeNull();
});

test.each([
  ['unit', 0, 3, 1],
  ['unit', 1, 3, 2],
  ['unit', 2, 3, null],
  ['job', 0, 0, 1],
  ['job', 1, 0, 2],
  ['job', 1, 3, null],
] as const)('in scope %s, after step %i, with %i failed units: %j', (scope, step, failed, next) => {
  const steps = STEPS.map(({ onFailures }) => ({ scope, onFailures }));
  expect(nextStep(steps, step, { failed })).toBe(next);
});
