import { expect } from 'vitest';
import type { FailureClass } from '../../src/domain/failure.ts';

/** The shape of an outcome that ended so; every failure says something about itself. */
export function endedAs(expected: FailureClass | 'completed') {
  return expected === 'completed'
    ? { ok: true }
    : { ok: false, failureClass: expected, message: expect.stringMatching(/\w/) };
}
