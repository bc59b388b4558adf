import { expect, test } from 'vitest';
import { resultValue } from '../../src/domain/attempt.ts';
import { type Step, stepAt, stepDirectory } from '../../src/domain/step.ts';
import type { Scope } from '../../src/domain/unit.ts';

const step = (name: string, scope: Scope): Step => ({
  ...{ name, scope, intent: null, template: '', outputSchema: null },
  ...{ worker: { type: 'claude' }, onFailures: 'skip' },
});
const revision = { steps: [step('score', 'unit'), step('render', 'unit'), step('report', 'job')] };

test.each([
  ['unit', 0, 'score'],
  ['unit', 1, 'render'],
  ['job', 0, 'report'],
] as const)('in scope %s, number %i is the step %s', (scope, number, name) => {
  expect(stepAt(revision, { scope, step: number }).name).toBe(name);
});

test('a number that the job does not have is an error, not another step', () => {
  expect(() => stepAt(revision, { scope: 'unit', step: 2 })).toThrow(
    /has 2 steps of scope unit, and none with number 2/,
  );
});

test.each([
  ['unit', '/out'],
  ['job', '/out/report'],
] as const)('a step of scope %s writes to %s', (scope, directory) => {
  expect(stepDirectory('/out', { scope, name: 'report' })).toBe(directory);
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
