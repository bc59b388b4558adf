import { expect } from 'vitest';
import type { FailureClass } from '../../src/domain/failure.ts';

/** Matcher for an outcome of a class; every failure has a message. */
export function endedAs(expected: FailureClass | 'completed') {
  return expected === 'completed'
    ? { ok: true }
    : { ok: false, failureClass: expected, message: expect.stringMatching(/\w/) };
}
