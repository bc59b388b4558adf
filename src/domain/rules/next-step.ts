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

/**
 * Returns the number of the step that follows one of these, which all are of its scope; null = it is the last one. `failed`:
 * units that have failed, which only steps of scope job ask about.
 */
export function nextStep(
  steps: readonly Pick<Step, 'scope' | 'onFailures'>[],
  step: number,
  { failed }: { readonly failed: number },
): number | null {
  if (steps[step]?.scope === 'job') return nextJobStep(steps, step + 1, { failed });
  return step + 1 < steps.length ? step + 1 : null;
}
