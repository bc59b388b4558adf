import { describe, expect, test } from 'vitest';
import type { Job, JobTest } from '../../../src/domain/job.ts';
import { cancelledFields, type EndFacts, endOfJob } from '../../../src/domain/rules/end-of-job.ts';
import { NOT_PAUSED } from '../../../src/domain/rules/pause.ts';

const NOW = 5000;
const REPORT = [{ name: 'report' }];
const JOB: EndFacts['job'] = {
  startedAt: 2000,
  createdAt: 1000,
  output: null,
  outputState: null,
};

function end(parts: Partial<EndFacts> = {}) {
  return endOfJob(
    { job: JOB, scope: 'unit', counts: { failed: 0, total: 9 }, jobSteps: [], last: null, error: null, ...parts },
    NOW,
  );
}

describe('the end of a job', () => {
  const failed = { failed: 2, total: 9 };
  const last = (status: 'completed' | 'failed' | 'cancelled', failureMessage: string | null = null, step = 0) => ({
    ...{ scope: 'job' as const, jobSteps: [...REPORT, { name: 'letter' }] },
    last: { status, step, failureMessage },
  });
  test.each<[string, Partial<EndFacts>, 'completed' | 'failed', string | null]>([
    ['nothing failed', {}, 'completed', null],
    ['units failed', { counts: failed }, 'failed', '2 of 9 units failed.'],
    ['the only unit failed', { counts: { failed: 1, total: 1 } }, 'failed', '1 of 1 unit failed.'],
    [
      'units failed before a step of scope job',
      { counts: failed, jobSteps: REPORT },
      'failed',
      '2 of 9 units failed. Step report was skipped.',
    ],
    [
      'units failed before two steps of scope job',
      { counts: failed, jobSteps: [...REPORT, { name: 'letter' }] },
      'failed',
      '2 of 9 units failed. Steps report, letter were skipped.',
    ],
    ['the first step of scope job could not start', { jobSteps: REPORT, error: 'No room.' }, 'failed', 'No room.'],
    [
      'it could not start after failures',
      { counts: failed, jobSteps: REPORT, error: 'No room.' },
      'failed',
      '2 of 9 units failed. No room.',
    ],
    ['its steps of scope job completed', last('completed', null, 1), 'completed', null],
    [
      'its steps of scope job completed after failures',
      { ...last('completed'), counts: failed },
      'failed',
      '2 of 9 units failed.',
    ],
    ['the first of them failed', last('failed', 'exit code 1'), 'failed', 'Step report failed: exit code 1.'],
    ['the second of them was cancelled', last('cancelled', null, 1), 'failed', 'Step letter cancelled.'],
    ['its unit is missing', { scope: 'job', jobSteps: REPORT }, 'failed', 'Step report is missing.'],
  ])('%s', (_what, parts, to, message) => {
    const patch = { statusMessage: message, endedAt: NOW };
    expect(end(parts)).toEqual({ to, message, patch });
  });

  test('makes an output due, and keeps an announced file as its own', () => {
    const output = { path: '/r.csv' } as Job['output'];
    const due = (outputState: Job['outputState']) => end({ job: { ...JOB, output, outputState } }).patch;
    expect(due(null)).toMatchObject({ outputState: { state: 'due', sha256: null }, executorsLost: 0 });
    expect(due({ state: 'due', sha256: 'abc' })).toMatchObject({ outputState: { state: 'due', sha256: 'abc' } });
    expect(due({ state: 'written', sha256: 'abc' } as unknown as Job['outputState'])).toMatchObject({
      outputState: { sha256: null },
    });
  });

  test('is never before its start', () => {
    expect(end({ job: { ...JOB, startedAt: 9000 } }).patch.endedAt).toBe(9000);
    expect(end({ job: { ...JOB, startedAt: null, createdAt: 8000 } }).patch.endedAt).toBe(8000);
  });
});

test('a cancelled job is not paused, and a running test of it fails', () => {
  const running: JobTest = {
    state: 'running',
    units: [0],
    verdict: null,
    executorsLost: 0,
    startedAt: 1,
    endedAt: null,
  };
  const passed: JobTest = { ...running, state: 'passed', verdict: 'good', endedAt: 2 };
  expect(cancelledFields({ ...JOB, test: running }, NOW)).toEqual({
    ...{ ...NOT_PAUSED, endedAt: NOW },
    test: { ...running, state: 'failed', verdict: 'The job was cancelled.', endedAt: NOW },
  });
  expect(cancelledFields({ ...JOB, test: passed }, NOW).test).toEqual(passed);
  expect(cancelledFields({ ...JOB, test: null }, NOW).test).toBeNull();
});
