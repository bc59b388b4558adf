import { z } from 'zod';
import type { Step } from '../../domain/step.ts';
import { shownWorker } from './shown-worker.ts';

const task = {
  template: z.string(),
  schema: z.record(z.string(), z.unknown()).nullable(),
  worker: z.looseObject({ type: z.string() }),
};

/** Shape of a step as it is shown. */
const shownStep = z.object({
  name: z.string(),
  scope: z.enum(['unit', 'job']),
  ...task,
  /** Of scope job: whether it runs when units failed. */
  on_failures: z.enum(['skip', 'run']).optional(),
});

export const shownStepsShape = z.array(shownStep).readonly();

/** Shows steps whole, with secrets hidden. */
export function shownSteps(steps: readonly Step[]): z.input<typeof shownStepsShape> {
  return steps.map(({ name, scope, template, outputSchema, worker, onFailures }) => ({
    ...{ name, scope, template, schema: outputSchema, worker: shownWorker(worker) },
    ...(scope === 'job' ? { on_failures: onFailures } : {}),
  }));
}

/** Shape of the steps of a job in brief: the fields of its only one, or its `steps`. */
export const briefStepsShape = z.object(task).partial().extend({ steps: shownStepsShape.optional() });

/** Shows the steps of a job in brief. */
export function briefSteps(steps: readonly Step[]): z.input<typeof briefStepsShape> {
  const shown = shownSteps(steps);
  const [only] = shown;
  if (only === undefined || shown.length > 1) return { steps: shown };
  const { template, schema, worker } = only;
  return { template, schema, worker };
}
