import type { WorkerChoice } from './job.ts';
import type { JsonObject } from './json.ts';
import type { Stage } from './unit.ts';

/** One step of a job: what its runs do. */
export interface Step {
  /** Unique in its job; `main` in a job with one step. */
  readonly name: string;
  /** Template of the prompt. */
  readonly template: string;
  /** JSON Schema of its results; null = any. */
  readonly outputSchema: JsonObject | null;
  readonly worker: WorkerChoice;
}

/** Name of the step of a job that has only one. */
export const MAIN = 'main';

/**
 * Returns the step that an attempt or unit is at; post-processing runs with the worker of the last one. Throws for a number
 * that the job does not have, which no caller may use.
 */
export function stepAt(
  { steps }: { readonly steps: readonly Step[] },
  { stage, step: number }: { readonly stage: Stage; readonly step: number },
): Step {
  const step = stage === 'post' ? steps.at(-1) : steps[number];
  if (!step) throw new RangeError(`the job has ${steps.length} steps, and none with number ${number}`);
  return step;
}
