import { expect } from 'vitest';

/**
 * Lets a pattern in an expected object match texts. Without it, toMatchObject takes any value for a pattern (vitest
 * 5.1.1): the assertion always holds.
 */
expect.addEqualityTesters([
  (found: unknown, expected: unknown) => (expected instanceof RegExp ? matches(found, expected) : undefined),
]);

function matches(found: unknown, expected: RegExp): boolean {
  if (found instanceof RegExp) return String(found) === String(expected);
  return typeof found === 'string' && expected.test(found);
}
