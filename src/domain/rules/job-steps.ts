import type { Step } from '../step.ts';

/**
 * Returns the number of the first step of scope job, from a number on, that runs after so many failed units; null = none.
 */
export function nextJobStep(
  steps: readonly Pick<Step, 'onFailures'>[],
  from: number,
  { failed }: { readonly failed: number },
): number | null {
  const found = steps.findIndex(({ onFailures }, number) => number >= from && (failed === 0 || onFailures === 'run'));
  return found < 0 ? null : found;
}
