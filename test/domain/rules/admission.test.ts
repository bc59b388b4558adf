import { describe, expect, test } from 'vitest';
import type { JobTest } from '../../../src/domain/job.ts';
import { type AdmissionFacts, admission, runsAlone, withExecutorLost } from '../../../src/domain/rules/admission.ts';

const MAIN = { scope: 'unit', purpose: 'batch' } as const;
const TESTING = { scope: 'unit', purpose: 'test' } as const;
const JOB_STEP = { scope: 'job', purpose: 'batch' } as const;
const calm = { interruptions: 0 };
const poison = { interruptions: 2 };

function admit(parts: Partial<Omit<AdmissionFacts, 'job'>> & { job?: Partial<AdmissionFacts['job']> } = {}) {
  const facts = {
    ...{
      phase: MAIN,
      slots: 4,
      running: [],
      orphaned: 0,
    },
    ...parts,
  };
  return admission({ ...facts, job: { executorsLost: 0, test: null, ...parts.job } });
}
const testLost = (executorsLost: number) => ({ test: { executorsLost } as JobTest });

describe('admission', () => {
  test.each<[string, Parameters<typeof admit>[0], object]>([
    ['all slots are free', {}, { kind: 'claim', limit: 4 }],
    ['some are taken', { running: [calm] }, { kind: 'claim', limit: 3 }],
    ['all are taken', { running: [calm, calm, calm, calm] }, { kind: 'wait' }],
    ['more run than may', { slots: 1, running: [calm, calm] }, { kind: 'wait' }],
    ['a unit runs alone', { running: [poison] }, { kind: 'wait' }],
    ['a step of scope job takes one slot', { phase: JOB_STEP }, { kind: 'claim', limit: 1 }],
    ['a step of scope job runs', { phase: JOB_STEP, running: [calm] }, { kind: 'wait' }],
    ['two executors died', { job: { executorsLost: 2 } }, { kind: 'claim' }],
    ['three executors died', { job: { executorsLost: 3 } }, { kind: 'crashed' }],
    ['three executors died, their attempts live', { job: { executorsLost: 3 }, orphaned: 1 }, { kind: 'wait' }],
    ['three executors died before a test', { phase: TESTING, job: { executorsLost: 3 } }, { kind: 'claim' }],
    ['one executor died in a test', { phase: TESTING, job: testLost(1) }, { kind: 'claim' }],
    ['two executors died in a test', { phase: TESTING, job: testLost(2) }, { kind: 'wait' }],
  ])('%s', (_what, parts, expected) => {
    expect(admit(parts)).toMatchObject(expected);
  });
});

test.each([
  [0, false],
  [1, false],
  [2, true],
])('a unit with %i interruptions runs alone: %s', (interruptions, alone) => {
  expect(runsAlone({ interruptions })).toBe(alone);
});

test.each<[string, JobTest | null, number | null]>([
  ['without a test', null, null],
  ['a running test', { state: 'running', executorsLost: 1 } as JobTest, 2],
  ['an ended test', { state: 'passed', executorsLost: 1 } as JobTest, 1],
])('a lost executor counts against the job and %s', (_what, before, after) => {
  const { executorsLost, test: now } = withExecutorLost({ executorsLost: 1, test: before });
  expect([executorsLost, now?.executorsLost ?? null]).toEqual([2, after]);
});
