import { describe, expect, test } from 'vitest';
import type { Job, JobTest, PostProcessing } from '../../../src/domain/job.ts';
import { cancelledFields, type EndFacts, endOfJob, wantsPostProcessing } from '../../../src/domain/rules/end-of-job.ts';
import { NOT_PAUSED } from '../../../src/domain/rules/pause.ts';

const NOW = 5000;
const POST: PostProcessing = { name: 'report', prompt: 'p', outputDirectory: '/out', onFailures: 'skip' };
const JOB: EndFacts['job'] = {
  postProcessing: null,
  startedAt: 2000,
  createdAt: 1000,
  output: null,
  outputState: null,
};

function end(parts: Partial<EndFacts> = {}) {
  return endOfJob({ job: JOB, stage: 'main', counts: { failed: 0, total: 9 }, post: null, error: null, ...parts }, NOW);
}

test.each([
  [null, 'waiting', 0, false],
  [null, 'due', 0, false],
  [POST, 'waiting', 0, true],
  [POST, 'waiting', 1, false],
  [POST, 'due', 1, true],
  [{ ...POST, onFailures: 'run' }, 'waiting', 1, true],
] as const)(
  'post-processing %j, %s, with %i failed units follows: %s',
  (postProcessing, afterUnits, failed, follows) => {
    expect(wantsPostProcessing({ postProcessing, afterUnits }, { failed })).toBe(follows);
  },
);

describe('the end of a job', () => {
  const failed = { failed: 2, total: 9 };
  const withPost = { ...JOB, postProcessing: POST };
  test.each<[string, Partial<EndFacts>, 'completed' | 'failed', string | null]>([
    ['nothing failed', {}, 'completed', null],
    ['units failed', { counts: failed }, 'failed', '2 of 9 units failed.'],
    ['the only unit failed', { counts: { failed: 1, total: 1 } }, 'failed', '1 of 1 unit failed.'],
    [
      'units failed before post-processing',
      { counts: failed, job: withPost },
      'failed',
      '2 of 9 units failed. Post-processing was skipped.',
    ],
    ['post-processing could not start', { job: withPost, error: 'No room.' }, 'failed', 'No room.'],
    [
      'it could not start after failures',
      { counts: failed, job: withPost, error: 'No room.' },
      'failed',
      '2 of 9 units failed. No room.',
    ],
    [
      'post-processing completed',
      { stage: 'post', post: { status: 'completed', failureMessage: null } },
      'completed',
      null,
    ],
    [
      'post-processing completed after failures',
      { stage: 'post', counts: failed, post: { status: 'completed', failureMessage: null } },
      'failed',
      '2 of 9 units failed.',
    ],
    [
      'post-processing failed',
      { stage: 'post', post: { status: 'failed', failureMessage: 'exit code 1' } },
      'failed',
      'Post-processing failed: exit code 1.',
    ],
    [
      'post-processing was cancelled',
      { stage: 'post', post: { status: 'cancelled', failureMessage: null } },
      'failed',
      'Post-processing cancelled.',
    ],
    ['its unit is missing', { stage: 'post' }, 'failed', 'Post-processing is missing.'],
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
