import { expect } from 'vitest';

/**
 * A pattern in an expected object stands for the texts that it matches. Without this, toMatchObject takes any value for one
 * (vitest 5.1.1): an assertion that holds whatever happens.
 */
expect.addEqualityTesters([
  (found: unknown, expected: unknown) => (expected instanceof RegExp ? matches(found, expected) : undefined),
]);

function matches(found: unknown, expected: RegExp): boolean {
  if (found instanceof RegExp) return String(found) === String(expected);
  return typeof found === 'string' && expected.test(found);
}
