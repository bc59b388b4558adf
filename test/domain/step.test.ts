import { expect, test } from 'vitest';
import { resultValue } from '../../src/domain/attempt.ts';
import { type Step, stepAt } from '../../src/domain/step.ts';

const step = (name: string): Step => ({ name, template: '', outputSchema: null, worker: { type: 'claude' } });
const revision = { steps: [step('score'), step('render')] };

test.each([
  ['main', 0, 'score'],
  ['main', 1, 'render'],
  // Post-processing runs with the worker of the last step.
  ['post', 0, 'render'],
] as const)('in stage %s, number %i is the step %s', (stage, number, name) => {
  expect(stepAt(revision, { stage, step: number }).name).toBe(name);
});

test('a number that the job does not have is an error, not another step', () => {
  expect(() => stepAt(revision, { stage: 'main', step: 2 })).toThrow(/has 2 steps, and none with number 2/);
});

test.each([
  [{ text: 'said', structured: { a: 1 } }, { a: 1 }],
  [{ text: 'said' }, 'said'],
  [{ text: null }, null],
  [null, null],
  [undefined, null],
])('the value of the result %j is %j', (result, value) => {
  expect(resultValue(result)).toEqual(value);
});
