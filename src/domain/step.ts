import { join } from 'node:path';
import type { WorkerChoice } from './job.ts';
import type { JsonObject } from './json.ts';
import type { Scope } from './unit.ts';

/** One step of a job: what its runs do. */
export interface Step {
  /** Unique in its job; `main` in a job with one step. */
  readonly name: string;
  /** `unit` = it runs for each unit, `job` = once, over the results of all units. */
  readonly scope: Scope;
  /** Words of the user that the template was made from; null = the template is the user's own. */
  readonly intent: string | null;
  /** Template of the prompt. */
  readonly template: string;
  /** JSON Schema of its results; null = any. */
  readonly outputSchema: JsonObject | null;
  readonly worker: WorkerChoice;
  /** Whether a step of scope job runs when units failed; a unit step always does. */
  readonly onFailures: 'skip' | 'run';
}

/** Name of the step of a job that has only one. */
export const MAIN = 'main';

/** Returns the steps of a scope in their order: their numbers are their positions. */
export function stepsOf<T extends Pick<Step, 'scope'>>(
  { steps }: { readonly steps: readonly T[] },
  scope: Scope,
): readonly T[] {
  return steps.filter((step) => step.scope === scope);
}

/** Returns the step that an attempt or unit is at. Throws for a number that the job does not have, which no caller may use. */
export function stepAt(
  revision: { readonly steps: readonly Step[] },
  { scope, step: number }: { readonly scope: Scope; readonly step: number },
): Step {
  const steps = stepsOf(revision, scope);
  const step = steps[number];
  if (!step)
    throw new RangeError(`the job has ${steps.length} steps of scope ${scope}, and none with number ${number}`);
  return step;
}

/** Returns the directory that a step writes to, absolute: that of the job, or for a step of scope job a folder in it. */
export function stepDirectory(jobDirectory: string, { scope, name }: Pick<Step, 'scope' | 'name'>): string {
  return scope === 'job' ? join(jobDirectory, name) : jobDirectory;
}
