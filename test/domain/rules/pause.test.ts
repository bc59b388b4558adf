import { expect, test } from 'vitest';
import type { Job } from '../../../src/domain/job.ts';
import { NOT_PAUSED, pausedByUser, pausedFields } from '../../../src/domain/rules/pause.ts';

test('an executor pauses softly, with or without a time', () => {
  expect(pausedFields({ reason: 'auth', message: 'log in' })).toEqual({
    ...{ pauseReason: 'auth', pauseClass: null, pauseMode: 'soft', statusMessage: 'log in', resumeAt: null },
  });
  expect(pausedFields({ reason: 'usage_limit', message: 'm', failureClass: 'usage_limit', resumeAt: 7 })).toMatchObject(
    {
      ...{ pauseClass: 'usage_limit', resumeAt: 7 },
    },
  );
});

test.each<[Job['pauseReason'], Job['pauseMode'], boolean, Job['pauseMode']]>([
  [null, null, false, 'soft'],
  [null, null, true, 'hard'],
  ['usage_limit', 'soft', false, 'soft'],
  ['budget', 'soft', true, 'hard'],
  ['user', 'soft', true, 'hard'],
  ['user', 'soft', false, null],
  ['user', 'hard', false, null],
  ['user', 'hard', true, null],
])(
  'a job paused for %s (%s) that a person pauses (hard: %s) is paused %s; null = nothing changes',
  (pauseReason, pauseMode, hard, mode) => {
    const expected = mode && { ...NOT_PAUSED, pauseReason: 'user', pauseMode: mode };
    expect(pausedByUser({ pauseReason, pauseMode }, hard)).toEqual(expected);
  },
);
