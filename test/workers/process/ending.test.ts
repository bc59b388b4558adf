import { describe, expect, it } from 'vitest';
import { describeExit, endingOf, type StopCause, stopFailure } from '../../../src/workers/process/ending.ts';

describe('an ending', () => {
  it.each<[StopCause | null, number | null, object]>([
    [null, 0, { reason: 'exited', exitCode: 0, signal: null }],
    [null, 3, { reason: 'exited', exitCode: 3, signal: null }],
    [null, 128, { reason: 'exited', exitCode: 128, signal: null }],
    [null, 137, { reason: 'signalled', exitCode: null, signal: 'SIGKILL' }],
    [null, 139, { reason: 'signalled', exitCode: null, signal: 'SIGSEGV' }],
    [null, 255, { reason: 'exited', exitCode: 255, signal: null }],
    [null, null, { reason: 'signalled', exitCode: null, signal: null }],
    ['timeout', 0, { reason: 'timeout', exitCode: 0 }],
    ['idle_timeout', 143, { reason: 'idle_timeout', signal: 'SIGTERM' }],
    ['cancelled', null, { reason: 'cancelled', exitCode: null }],
    ['interrupted', 137, { reason: 'interrupted', signal: 'SIGKILL' }],
    ['settled', 143, { reason: 'settled', signal: 'SIGTERM' }],
  ])('with cause %s and status %s has its first cause as reason', (cause, status, expected) => {
    expect(endingOf(cause, status, 5)).toMatchObject(expected);
  });

  it('has a failure class only if stopped, and a readable exit', () => {
    expect(stopFailure(endingOf('timeout', null, 2500))).toEqual({
      failureClass: 'timeout',
      message: 'stopped after 2.5 s: it exceeded its time limit (timeout_s)',
    });
    expect(stopFailure(endingOf('settled', 143, 1))).toBeNull();
    expect(stopFailure(endingOf(null, 1, 1))).toBeNull();
    expect(describeExit(endingOf(null, 3, 1))).toBe('exit code 3');
    expect(describeExit(endingOf(null, 137, 1))).toBe('SIGKILL');
    expect(describeExit(endingOf(null, null, 1))).toBe('an unknown end');
  });
});
