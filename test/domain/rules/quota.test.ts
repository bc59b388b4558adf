import { describe, expect, test } from 'vitest';
import type { Job } from '../../../src/domain/job.ts';
import { type ClosedWindow, closedUntil, quotaAction } from '../../../src/domain/rules/quota.ts';

const NOW = 1_000_000;
const MINUTE = 60_000;

test.each([
  ['the time that the service names', NOW + 5 * MINUTE, NOW + 5 * MINUTE],
  ['15 minutes without one', undefined, NOW + 15 * MINUTE],
  ['at least a minute: clocks differ', NOW - MINUTE, NOW + MINUTE],
])('a window is closed until %s', (_what, resumeAt, until) => {
  expect(closedUntil(resumeAt, NOW)).toBe(until);
});

const CLOSED: ClosedWindow = { closedUntil: NOW + MINUTE, reason: 'limit reached' };
const OPEN: ClosedWindow = { closedUntil: NOW, reason: 'limit reached' };

function job(status: Job['status'], pauseReason: Job['pauseReason'] = null, resumeAt: number | null = null) {
  return { status, pauseReason, resumeAt };
}

describe('what a job does about the quota of its worker', () => {
  test.each<[string, ReturnType<typeof job>, ClosedWindow | null, object]>([
    ['runs on without a window', job('running'), null, { kind: 'none' }],
    ['runs on once it is open', job('running'), OPEN, { kind: 'none' }],
    ['pauses while it runs', job('running'), CLOSED, { kind: 'pause' }],
    ['does nothing in a test', job('testing'), CLOSED, { kind: 'none' }],
    ['does nothing after its end', job('completed'), CLOSED, { kind: 'none' }],
    ['leaves another pause alone', job('paused', 'user'), OPEN, { kind: 'none' }],
    ['waits', job('paused', 'usage_limit', CLOSED.closedUntil), CLOSED, { kind: 'none' }],
    ['corrects the time', job('paused', 'usage_limit', NOW), CLOSED, { kind: 'wait', resumeAt: CLOSED.closedUntil }],
    ['resumes when it opens', job('paused', 'usage_limit', NOW), OPEN, { kind: 'resume' }],
    ['resumes when a person opened it', job('paused', 'usage_limit', NOW), null, { kind: 'resume' }],
  ])('%s', (_what, given, window, expected) => {
    expect(quotaAction(given, window, NOW)).toMatchObject(expected);
  });

  test('the pause has the reason of the service and the time at which the job resumes', () => {
    expect(quotaAction(job('running'), CLOSED, NOW)).toMatchObject({
      pause: {
        reason: 'usage_limit',
        resumeAt: CLOSED.closedUntil,
        message: 'limit reached.',
        failureClass: 'usage_limit',
      },
    });
  });
});
