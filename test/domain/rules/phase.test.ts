import { expect, test } from 'vitest';
import { JOB_STATUSES, type Job, type JobStatus } from '../../../src/domain/job.ts';
import { phaseOf } from '../../../src/domain/rules/phase.ts';

const TABLE: readonly (readonly [JobStatus, Partial<Job>, object])[] = [
  ['enumerating', {}, { kind: 'leave', stop: null }],
  ['created', {}, { kind: 'leave', stop: 'cancelled' }],
  [
    'testing',
    { test: { state: 'running', units: [3, 7] } as unknown as Job['test'] },
    { kind: 'work', scope: 'unit', purpose: 'test', indexes: [3, 7] },
  ],
  ['testing', { test: { state: 'passed' } as Job['test'] }, { kind: 'leave', stop: null }],
  ['running', {}, { kind: 'work', scope: 'unit', purpose: 'batch' }],
  ['running', { askedJobStep: 0 }, { kind: 'work', scope: 'unit', purpose: 'batch' }],
  ['running', { jobStepsBegun: true }, { kind: 'work', scope: 'job', purpose: 'batch' }],
  ['paused', { pauseReason: 'usage_limit' }, { kind: 'hold' }],
  ['paused', { pauseReason: 'user', pauseMode: 'soft' }, { kind: 'leave', stop: null }],
  ['paused', { pauseReason: 'user', pauseMode: 'hard' }, { kind: 'leave', stop: 'interrupted' }],
  ['completed', {}, { kind: 'leave', stop: null }],
  ['completed', { outputState: { state: 'due', sha256: null } }, { kind: 'export' }],
  ['failed', { outputState: { state: 'due', sha256: null } }, { kind: 'export' }],
  ['cancelled', { outputState: { state: 'due', sha256: null } }, { kind: 'leave', stop: 'cancelled' }],
];

test.each(TABLE)('a %s job with %j: %j', (status, parts, phase) => {
  expect(phaseOf({ outputState: null, test: null, ...parts, status } as Job)).toEqual(phase);
});

test('the table names every status, and a job that is gone', () => {
  expect(new Set(TABLE.map(([status]) => status))).toEqual(new Set(JOB_STATUSES));
  expect(phaseOf(null)).toEqual({ kind: 'leave', stop: 'cancelled' });
});
